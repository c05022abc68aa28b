/* quickstart: examples/quickstart.yaml, compiled in: what runs when no file is named. */
#pragma once

extern const char quickstart_yaml[];
