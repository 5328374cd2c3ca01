/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * All that stmbootd and its clients share: bus name, object paths, interfaces, error names and the
 * exit codes of stmbootctl. These are public; they change only on purpose.
 */

#define STMBOOT_BUS_NAME          "org.stmboot1"
#define STMBOOT_PATH              "/org/stmboot1"
#define STMBOOT_TARGET_PREFIX     "/org/stmboot1/target"
#define STMBOOT_JOB_PREFIX        "/org/stmboot1/job"
#define STMBOOT_MANAGER_INTERFACE "org.stmboot1.Manager"
#define STMBOOT_TARGET_INTERFACE  "org.stmboot1.Target"
#define STMBOOT_JOB_INTERFACE     "org.stmboot1.Job"
#define STMBOOT_ERROR_PREFIX      "org.stmboot1.Error."

/* A target's name is [A-Za-z][A-Za-z0-9_]{0,62} and stands verbatim in its object path. */
#define STMBOOT_TARGET_NAME_MAX 63

/* A firmware image that is given to the daemon (path, memfd or bytes) may be this large. */
#define STMBOOT_IMAGE_SIZE_MAX (64U << 20)

/*
 * Keys of the options (a{sv}) that methods take, each with the type of its value. org.stmboot1(5)
 * says which method takes which; others are refused.
 */
#define STMBOOT_OPTION_NAME            "name"            /* s: what messages call the image */
#define STMBOOT_OPTION_FORMAT          "format"          /* s: auto, bin, hex, srec, elf */
#define STMBOOT_OPTION_ADDRESS         "address"         /* t: of a raw image; where to go, erase */
#define STMBOOT_OPTION_LENGTH          "length"          /* t: bytes to erase */
#define STMBOOT_OPTION_BANK            "bank"            /* u: 1 or 2 is erased */
#define STMBOOT_OPTION_MASS            "mass"            /* b: by the ROM's global erase */
#define STMBOOT_OPTION_ERASE           "erase"           /* s: touched, all, none */
#define STMBOOT_OPTION_CHECK           "check"           /* s: none, record (Sync), fast, full */
#define STMBOOT_OPTION_IF_DIFFERENT    "if-different"    /* b: the same as check=full */
#define STMBOOT_OPTION_CHECK_ONLY      "check-only"      /* b: write nothing, say Differs */
#define STMBOOT_OPTION_PRESERVE        "preserve"        /* b */
#define STMBOOT_OPTION_OPTION_SEGMENTS "option-segments" /* b */
#define STMBOOT_OPTION_OPTION_BYTES    "option-bytes"    /* ay */
#define STMBOOT_OPTION_PROTECT_READOUT "protect-readout" /* b */
#define STMBOOT_OPTION_PROTECT_WRITE   "protect-write"   /* ay: sectors, after flashing */
#define STMBOOT_OPTION_FAST_PROGRAM    "fast-program"    /* b */
#define STMBOOT_OPTION_ENABLE_BOOT_PIN "enable-boot-pin" /* b */
#define STMBOOT_OPTION_ONE_PIECE       "one-piece"       /* b */
#define STMBOOT_OPTION_UNBOOTABLE      "unbootable"      /* b: the chip cannot start the image */
#define STMBOOT_OPTION_AFTER           "after"           /* s: run, stay, go */
#define STMBOOT_OPTION_GO_ADDRESS      "go-address"      /* t: a multiple of 4; with "after" go */
#define STMBOOT_OPTION_LAYOUT          "layout"          /* s: "4x16K,1x64K" of an unknown chip */
#define STMBOOT_OPTION_BAUD            "baud"            /* u */
#define STMBOOT_OPTION_PERMANENT       "permanent"       /* b: allow what cannot be undone */

/* Keys of what InspectImage returns (a{sv}); the optional ones are missing where not known. */
#define STMBOOT_IMAGE_FORMAT        "format"        /* s: bin, hex, srec, elf */
#define STMBOOT_IMAGE_SIZE          "size"          /* t: bytes in all segments */
#define STMBOOT_IMAGE_SEGMENTS      "segments"      /* a(tt): address, size */
#define STMBOOT_IMAGE_CRC32         "crc32"         /* u */
#define STMBOOT_IMAGE_SHA256        "sha256"        /* s: hexadecimal */
#define STMBOOT_IMAGE_ENTRY         "entry"         /* t: optional */
#define STMBOOT_IMAGE_STACK_POINTER "stack-pointer" /* t: optional; of the vector table */
#define STMBOOT_IMAGE_RESET_VECTOR  "reset-vector"  /* t: optional */
#define STMBOOT_IMAGE_BUILD_ID      "build-id"      /* s: optional; hexadecimal */
#define STMBOOT_IMAGE_CHIP          "chip"          /* s: optional; it was held against this */
#define STMBOOT_IMAGE_FITS          "fits"          /* b: only with `chip` */
#define STMBOOT_IMAGE_REASON        "reason"        /* s: why it does not fit, or nobody knows */
#define STMBOOT_IMAGE_PAGES         "pages"         /* a(tt): touched; only if it fits */

/* Exit codes of stmbootctl. */
enum stmboot_exit {
        STMBOOT_EXIT_DONE = 0,
        STMBOOT_EXIT_OTHER = 1,
        STMBOOT_EXIT_USAGE = 2,
        STMBOOT_EXIT_DENIED = 3,
        STMBOOT_EXIT_NO_SERVICE = 4, /* no service, target or job of that name */
        STMBOOT_EXIT_BUSY = 5,
        STMBOOT_EXIT_IMAGE = 6,
        STMBOOT_EXIT_NO_ENTRY = 7,
        STMBOOT_EXIT_WRONG_CHIP = 8,
        STMBOOT_EXIT_PROTECTED = 9,
        STMBOOT_EXIT_DIFFERS = 10, /* differs or changed; only where asked to tell */
        STMBOOT_EXIT_VERIFY_FAILED = 11,
        STMBOOT_EXIT_LINK_LOST = 12,
        STMBOOT_EXIT_CANCELLED = 13,
};

/*
 * Every error that the service itself reports: symbol, name below STMBOOT_ERROR_PREFIX, exit code.
 * Besides these it uses org.freedesktop.DBus.Error.InvalidArgs and .AccessDenied.
 */
#define STMBOOT_ERRORS(X)                                                                          \
        X(FAILED, "Failed", STMBOOT_EXIT_OTHER) /* anything without a name */                      \
        X(NO_SUCH_TARGET, "NoSuchTarget", STMBOOT_EXIT_NO_SERVICE)                                 \
        X(TARGET_BROKEN, "TargetBroken", STMBOOT_EXIT_OTHER) /* its file does not parse */         \
        X(BUSY, "Busy", STMBOOT_EXIT_BUSY)                   /* target, port or line in use */     \
        X(IMAGE_UNREADABLE, "ImageUnreadable", STMBOOT_EXIT_IMAGE)                                 \
        X(IMAGE_INVALID, "ImageInvalid", STMBOOT_EXIT_IMAGE) /* damaged, or not what it seems */   \
        X(IMAGE_TOO_LARGE, "ImageTooLarge", STMBOOT_EXIT_IMAGE)                                    \
        X(IMAGE_DOES_NOT_FIT, "ImageDoesNotFit", STMBOOT_EXIT_IMAGE) /* not within this chip */    \
        X(NO_ENTRY, "NoEntry", STMBOOT_EXIT_NO_ENTRY)                /* the ROM does not answer */ \
        X(WRONG_CHIP, "WrongChip", STMBOOT_EXIT_WRONG_CHIP)                                        \
        X(UNKNOWN_CHIP, "UnknownChip", STMBOOT_EXIT_WRONG_CHIP) /* needs a layout by hand */       \
        X(PROTECTED, "Protected", STMBOOT_EXIT_PROTECTED)                                          \
        X(BOOT_PIN_DISABLED, "BootPinDisabled", STMBOOT_EXIT_PROTECTED) /* nBOOT_SEL and kin */    \
        X(NOT_PERMITTED, "NotPermitted", STMBOOT_EXIT_OTHER) /* needs "permanent" or the like */   \
        X(UNSUPPORTED, "Unsupported", STMBOOT_EXIT_OTHER)    /* not by this ROM or chip */         \
        X(DIFFERS, "Differs", STMBOOT_EXIT_DIFFERS)          /* verify, compare, sync --check */   \
        X(VERIFY_FAILED, "VerifyFailed", STMBOOT_EXIT_VERIFY_FAILED)                               \
        X(PROTOCOL, "Protocol", STMBOOT_EXIT_OTHER)      /* NACK, silence, garbage */              \
        X(LINES, "Lines", STMBOOT_EXIT_OTHER)            /* BOOT0 or NRST cannot be driven */      \
        X(PORT, "Port", STMBOOT_EXIT_OTHER)              /* absent, no parity, no such baud */     \
        X(LINK_LOST, "LinkLost", STMBOOT_EXIT_LINK_LOST) /* the port vanished */                   \
        X(CANCELLED, "Cancelled", STMBOOT_EXIT_CANCELLED)                                          \
        X(LIMIT, "LimitExceeded", STMBOOT_EXIT_OTHER) /* a client asked for too much */
