/* SPDX-License-Identifier: MIT */

#include "collect/notice.h"

const char *end_name(unsigned end) {
        static const char *const names[_END_MAX] = {
                [END_CLOSED] = "closed",
                [END_RESET_SENT] = "reset-sent",
                [END_RESET_RECEIVED] = "reset-received",
                [END_REFUSED] = "refused",
                [END_TIMED_OUT] = "timed-out",
                [END_UNREACHABLE] = "unreachable",
                [END_KILLED] = "killed",
        };

        return end < _END_MAX ? names[end] : NULL;
}
