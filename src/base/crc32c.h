/* crc32c: the checksum of iSCSI (RFC 3720 section 12.1, Castagnoli's polynomial), as Kafka has it in its batches. Any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(const void *bytes, size_t size);
