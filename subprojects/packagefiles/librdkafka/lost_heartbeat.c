        /* The coordinator may have handled the request, and tells of an assignment again only in answer to a full one; until then it
         * waits for what is to be given back. Retried as it was, this one would be answered without it. */
        if (err == RD_KAFKA_RESP_ERR__TIMED_OUT && rkcg->rkcg_heartbeat_intvl_ms) {
                rkcg->rkcg_consumer_flags |= RD_KAFKA_CGRP_CONSUMER_F_SEND_FULL_REQUEST;
                actions &= ~RD_KAFKA_ERR_ACTION_RETRY;
        }

