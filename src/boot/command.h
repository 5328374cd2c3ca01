/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/* The bytes of AN3155 that have a name (AN3155 table 2). */

#define AN3155_SYNC 0x7F
#define AN3155_ACK  0x79
#define AN3155_NACK 0x1F

enum an3155_command {
        AN3155_GET = 0x00,
        AN3155_GET_VERSION = 0x01,
        AN3155_GET_ID = 0x02,
        AN3155_READ = 0x11,
        AN3155_GO = 0x21,
        AN3155_WRITE = 0x31,
        AN3155_ERASE = 0x43,
        AN3155_EXTENDED_ERASE = 0x44,
        AN3155_SPECIAL = 0x50,
        AN3155_EXTENDED_SPECIAL = 0x51,
        AN3155_WRITE_PROTECT = 0x63,
        AN3155_WRITE_UNPROTECT = 0x73,
        AN3155_READOUT_PROTECT = 0x82,
        AN3155_READOUT_UNPROTECT = 0x92,
        AN3155_GET_CHECKSUM = 0xA1,
};

/* "GET ID", "EXTENDED ERASE" ...; NULL: no command of AN3155. */
const char *an3155_command_name(uint8_t code);
