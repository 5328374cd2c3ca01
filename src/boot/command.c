/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stddef.h>

#include "boot/command.h"

const char *an3155_command_name(uint8_t code) {
        switch (code) {
        case AN3155_GET:
                return "GET";
        case AN3155_GET_VERSION:
                return "GET VERSION";
        case AN3155_GET_ID:
                return "GET ID";
        case AN3155_READ:
                return "READ";
        case AN3155_GO:
                return "GO";
        case AN3155_WRITE:
                return "WRITE";
        case AN3155_ERASE:
                return "ERASE";
        case AN3155_EXTENDED_ERASE:
                return "EXTENDED ERASE";
        case AN3155_SPECIAL:
                return "SPECIAL";
        case AN3155_EXTENDED_SPECIAL:
                return "EXTENDED SPECIAL";
        case AN3155_WRITE_PROTECT:
                return "WRITE PROTECT";
        case AN3155_WRITE_UNPROTECT:
                return "WRITE UNPROTECT";
        case AN3155_READOUT_PROTECT:
                return "READOUT PROTECT";
        case AN3155_READOUT_UNPROTECT:
                return "READOUT UNPROTECT";
        case AN3155_GET_CHECKSUM:
                return "GET CHECKSUM";
        default:
                return NULL;
        }
}
