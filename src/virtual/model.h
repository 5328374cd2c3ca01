/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "chip/chip.h"
#include "util/macro.h"
#include "virtual/virtual.h"
#include "virtual/wire.h"

/*
 * The inside of a virtual STM32. Private to src/virtual. One file a job: virtual.c the pins, power
 * and the order of events; wire.c bytes in flight; boot.c what a reset starts; rom*.c the commands;
 * flash.c the cells, job.c their controller; memory.c the address map; options.c the option bytes;
 * faults.c.
 *
 * Times in here are nanoseconds, since a byte at 921600 baud lasts no whole microseconds.
 */

#define NSEC_PER_USEC 1000ULL

/* OpenBL keeps 1164 bytes of a page list (stm32-mw-openbl, openbl_usart_cmd.c). */
#define ERASE_LIST_MAX 582

/* What a command can carry: 51's second packet is the longest. */
#define ROM_PACKET_MAX (2 + 1024 + 1)

#define PROGRAM_UNIT_MAX 128 /* L1 programs half pages */

/* All option areas of a chip whose protection lies in them. */
#define OPTIONS_MAX 256

/* ---- the flash controller ---- */

enum job_type {
        JOB_NONE,
        JOB_PROGRAM,
        JOB_ERASE_PAGES,
        JOB_ERASE_BANKS,
        JOB_OPTIONS, /* an option area is erased, then programmed */
        JOB_COMPUTE, /* the CPU is busy, the flash is not */
};

/* An operation that takes time. Its steps take effect as time goes by; an abort tears one. */
struct job {
        enum job_type type;
        bool background; /* the ROM does not wait for it */
        uint64_t end;
        uint64_t step_start, step_end;
        size_t done, steps;

        uint32_t address; /* JOB_PROGRAM, and offset into the option bytes */
        uint8_t data[256 + PROGRAM_UNIT_MAX];
        uint64_t unit_time;
        size_t effective; /* steps that do what they should */
        size_t page;      /* index of the one that is programmed */
        size_t area;      /* JOB_OPTIONS: bytes to erase */

        uint16_t pages[ERASE_LIST_MAX]; /* indices into the page table */
        uint8_t banks;                  /* 1U << bank */
};

/* What the ROM does when its job has ended. */
enum rom_after {
        ROM_AFTER_ACK,
        ROM_AFTER_ACK_RESET, /* a reset where there is one after option bytes */
        ROM_AFTER_RESET,
        ROM_AFTER_REGRESSION,
        ROM_AFTER_REGRESSION_ACK,
        ROM_AFTER_CHECKSUM,
};

/* ---- the ROM ---- */

enum rom_stage {
        ROM_COMMAND,
        ROM_READ_ADDRESS,
        ROM_READ_LENGTH,
        ROM_WRITE_ADDRESS,
        ROM_WRITE_DATA,
        ROM_GO_ADDRESS,
        ROM_ERASE_LIST,
        ROM_EXTENDED_COUNT,
        ROM_EXTENDED_SPECIAL, /* the checksum of a mass or bank erase */
        ROM_EXTENDED_PAGE,
        ROM_EXTENDED_SUM,
        ROM_PROTECT_LIST,
        ROM_SPECIAL_CODE,
        ROM_SPECIAL_DATA,
        ROM_SPECIAL_MORE,
        ROM_SUM_ADDRESS,
        ROM_SUM_SIZE,
        ROM_SUM_POLYNOMIAL,
        ROM_SUM_INITIAL,
        ROM_STAGES_MAX_,
};

struct rom {
        bool locked;     /* the baud rate is measured */
        bool stalled;    /* gone astray until a reset */
        uint32_t length; /* of a frame */
        uint8_t frame_bits;

        enum rom_stage stage;
        uint8_t command;
        size_t got, need;
        uint8_t packet[ROM_PACKET_MAX];

        /* of the command under way */
        uint32_t address, words, polynomial, sum_initial;
        uint16_t special;
        uint16_t count, pages[ERASE_LIST_MAX];
        size_t pages_seen;
        uint8_t sum;
        enum rom_after after;

        bool written;   /* flash was, since the reset */
        unsigned reads; /* of flash, since it was last written */
        bool stale;     /* of them the block at stale_at, until the next reset */
        uint32_t stale_at;
        unsigned answers;              /* ACKs given to this command */
        enum virtual_fault_type fault; /* an answer that will be wrong, at fault_stage */
        uint32_t fault_stage;
};

/* What the ROM of this product says of itself (rom_table.c). */
struct rom_row {
        uint16_t id;
        uint8_t version;
        uint8_t bootloader_id;
};

/* ---- option bytes ---- */

/* As they were loaded. */
struct option_values {
        bool pin_ignored; /* nBOOT0 stands for the BOOT0 pin */
        bool nboot0;
        bool has_nboot1, nboot1;
        bool dual_boot; /* the ROM chooses between two banks */
        bool boot_lock;
        bool other_layout;
        bool banks_swapped;
        bool has_boot_address; /* by the level of the pin */
        uint32_t boot_address[2];
        uint8_t rdp_level;
};

/* ---- all of it ---- */

enum boot_target {
        BOOT_ROM,
        BOOT_FLASH,
        BOOT_SRAM,
};

struct fault_entry {
        struct virtual_fault fault;
        uint64_t at; /* absolute count */
        struct fault_entry *next;
};

enum direction {
        TO_CHIP,
        TO_HOST,
        DIRECTIONS_,
};

struct virtual_stm32 {
        struct virtual_config config;
        const struct chip *chip;
        const struct rom_row *rom_row;
        uint64_t now;
        uint64_t random;

        /* memory */
        uint32_t flash_size;
        uint32_t flash_span; /* the same with the holes between banks */
        bool cells_swapped;  /* bank 2 comes first in what follows, as in the address map */
        uint8_t *flash;
        uint8_t *units; /* enum unit_state of each program unit; NULL: not tracked */
        struct flash_page *pages;
        bool *protected;  /* against writing, by page, as loaded */
        bool *hidden_wrp; /* the same of rows that show no option bytes for it */
        size_t n_pages;
        uint8_t *ram[CHIP_RANGES_MAX];
        uint8_t *options; /* the areas, one behind the other */
        size_t options_size;
        const struct option_family *option_family; /* NULL: nothing is known of them */
        uint8_t unique_id[12];
        bool hidden_rdp;      /* level 1, of a row that shows no option bytes */
        bool fast;            /* raised voltage range */
        bool empty;           /* the empty-check flag */
        bool options_pending; /* written, not loaded */
        bool options_loading; /* the next start loads them, whatever led to it */
        struct option_values values;

        /* pins and power */
        bool nrst_low, boot0, boot1;
        enum virtual_state state;
        bool dead;
        enum boot_target boot_target; /* where VIRTUAL_STARTING leads */
        uint32_t boot_address;
        uint32_t running_from;

        /* wires */
        struct line lines[DIRECTIONS_];
        struct receiver chip_receiver, host_receiver;
        struct line echo; /* what a single-wire adapter lets the host hear of itself */
        struct receiver echo_receiver;
        uint8_t inbox[65536]; /* received by the host and not fetched: a ring */
        size_t inbox_head, inbox_count;

        /* the CPU */
        uint64_t busy; /* until then it looks at no received byte */
        bool pending;  /* one byte waits in the data register */
        uint8_t pending_byte;
        struct rom rom;
        struct job job;

        /* what happens by itself; USEC_INFINITY: nothing */
        uint64_t event; /* the first of these */
        uint64_t boot_at, reset_at, release_at, power_off_at, power_on_at;

        virtual_wake_t wake;
        void *wake_userdata;

        struct virtual_counters counters;
        uint64_t writes; /* Write Memory commands to flash, for faults */
        struct fault_entry *faults;
        uint64_t wire_fault_at[DIRECTIONS_]; /* the next one's count */
};

/* virtual.c */
void model_schedule(struct virtual_stm32 *chip);
uint64_t model_random(struct virtual_stm32 *chip);
void model_transmit(struct virtual_stm32 *chip, uint64_t now, struct frame format,
                    const uint8_t *data, size_t size);

/* boot.c */
void boot_release(struct virtual_stm32 *chip, uint64_t now);
void boot_finish(struct virtual_stm32 *chip, uint64_t now);
void boot_start(struct virtual_stm32 *chip, uint64_t now, uint32_t address);

/* rom.c */
void rom_reset(struct virtual_stm32 *chip);
uint64_t rom_next(const struct virtual_stm32 *chip);
void rom_listen(struct virtual_stm32 *chip);
void rom_byte(struct virtual_stm32 *chip, uint64_t now, uint8_t byte);
void rom_job_done(struct virtual_stm32 *chip, uint64_t now);
/* How many more bytes until it may answer. */
size_t rom_hunger(const struct virtual_stm32 *chip);

bool rom_packet_right(const struct virtual_stm32 *chip);
void rom_send(struct virtual_stm32 *chip, uint64_t now, const uint8_t *data, size_t size);
bool rom_ack(struct virtual_stm32 *chip, uint64_t now);
void rom_nack(struct virtual_stm32 *chip, uint64_t now);
void rom_expect(struct virtual_stm32 *chip, enum rom_stage stage, size_t need);
void rom_done(struct virtual_stm32 *chip);
void rom_system_reset(struct virtual_stm32 *chip);

/* rom_table.c */
#define ROM_COMMANDS_MAX 16
const struct rom_row *rom_row_find(const struct chip *chip);
uint8_t rom_bootloader_id(const struct virtual_stm32 *chip);
size_t rom_commands(const struct virtual_stm32 *chip, uint8_t ret[static ROM_COMMANDS_MAX]);
bool rom_knows(const struct virtual_stm32 *chip, uint8_t command);

/* rom_memory.c, rom_erase.c, rom_protect.c: one function a stage; the packet is complete */
void rom_read_address(struct virtual_stm32 *chip, uint64_t now);
void rom_read_length(struct virtual_stm32 *chip, uint64_t now);
void rom_write_address(struct virtual_stm32 *chip, uint64_t now);
void rom_write_data(struct virtual_stm32 *chip, uint64_t now);
void rom_go_address(struct virtual_stm32 *chip, uint64_t now);
void rom_sum_address(struct virtual_stm32 *chip, uint64_t now);
void rom_sum_size(struct virtual_stm32 *chip, uint64_t now);
void rom_sum_polynomial(struct virtual_stm32 *chip, uint64_t now);
void rom_sum_initial(struct virtual_stm32 *chip, uint64_t now);
void rom_sum_answer(struct virtual_stm32 *chip, uint64_t now);
void rom_erase_list(struct virtual_stm32 *chip, uint64_t now);
void rom_extended_count(struct virtual_stm32 *chip, uint64_t now);
void rom_extended_special(struct virtual_stm32 *chip, uint64_t now);
void rom_extended_page(struct virtual_stm32 *chip, uint64_t now);
void rom_extended_sum(struct virtual_stm32 *chip, uint64_t now);
void rom_protect_list(struct virtual_stm32 *chip, uint64_t now);
void rom_write_unprotect(struct virtual_stm32 *chip, uint64_t now);
void rom_readout_protect(struct virtual_stm32 *chip, uint64_t now);
void rom_regress(struct virtual_stm32 *chip, uint64_t now);
void rom_readout_unprotect(struct virtual_stm32 *chip, uint64_t now);
void rom_special_code(struct virtual_stm32 *chip, uint64_t now);
void rom_special_data(struct virtual_stm32 *chip, uint64_t now);
void rom_special_more(struct virtual_stm32 *chip, uint64_t now);

/* flash.c */
int flash_new(struct virtual_stm32 *chip);
void flash_load_map(struct virtual_stm32 *chip);
bool flash_has_two_banks(const struct virtual_stm32 *chip);
bool flash_contains(const struct virtual_stm32 *chip, uint32_t address, size_t size);
bool flash_sound(const struct virtual_stm32 *chip, uint32_t address, size_t size);
void flash_poke(struct virtual_stm32 *chip, uint32_t address, const uint8_t *data, size_t size);
bool flash_find_number(const struct virtual_stm32 *chip, uint32_t number, size_t *ret_index);

void flash_erase_page(struct virtual_stm32 *chip, size_t page);
void flash_tear_page(struct virtual_stm32 *chip, size_t page, uint64_t part, uint64_t whole);
void flash_weaken_page(struct virtual_stm32 *chip, size_t page);
void flash_program_unit(struct virtual_stm32 *chip, uint32_t address, const uint8_t *data);
void flash_tear_unit(struct virtual_stm32 *chip, uint32_t address, const uint8_t *data);

/* job.c: each starts an operation; false: another one is at work, the controller ignores the new
 * one. */
bool job_program(struct virtual_stm32 *chip, uint64_t now, uint32_t address, const uint8_t *data,
                 size_t size);
bool job_erase_pages(struct virtual_stm32 *chip, uint64_t now, const uint16_t *pages, size_t n);
bool job_erase_banks(struct virtual_stm32 *chip, uint64_t now, uint8_t banks);
bool job_options(struct virtual_stm32 *chip, uint64_t now, size_t offset, size_t area,
                 const uint8_t *data, size_t size);
bool job_compute(struct virtual_stm32 *chip, uint64_t now, uint64_t duration);
void job_run(struct virtual_stm32 *chip, uint64_t now);
void job_abort(struct virtual_stm32 *chip, uint64_t now);

/* memory.c */
enum region_type {
        REGION_NONE,
        REGION_FLASH,
        REGION_RAM,
        REGION_OPTIONS,
        REGION_SYSTEM,
        REGION_DEVICE, /* size register, unique ID and what surrounds them: read only */
};
struct region {
        enum region_type type;
        size_t index;  /* which RAM window or option area */
        size_t offset; /* into all option bytes, or into the RAM window */
};
struct region memory_find(const struct virtual_stm32 *chip, uint32_t address, size_t size);
void memory_read(const struct virtual_stm32 *chip, struct region region, uint32_t address,
                 uint8_t *ret_data, size_t size);
uint32_t memory_device_block(const struct virtual_stm32 *chip);
uint32_t memory_read_word(const struct virtual_stm32 *chip, uint32_t address);

/* options.c */
int options_new(struct virtual_stm32 *chip);
bool options_writable(const struct virtual_stm32 *chip);
void options_deliver(struct virtual_stm32 *chip);
void options_load(struct virtual_stm32 *chip);
bool options_load_at_reset(const struct virtual_stm32 *chip);
void options_protect(struct virtual_stm32 *chip, uint8_t *bytes, const uint8_t *sectors, size_t n);
void options_set_rdp(struct virtual_stm32 *chip, uint8_t *bytes, bool protect);

/* faults.c */
bool fault_wire(struct virtual_stm32 *chip, enum direction direction, struct frame *frame);
bool fault_take(struct virtual_stm32 *chip, enum virtual_fault_type type, uint64_t count,
                uint32_t *ret_detail);
void fault_command(struct virtual_stm32 *chip, uint64_t now);
void faults_free(struct virtual_stm32 *chip);
