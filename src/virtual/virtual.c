/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/macro.h"
#include "virtual/model.h"

/* Power of the fault VIRTUAL_FAULT_POWER is away for so long. */
#define POWER_GAP (100 * USEC_PER_MSEC * NSEC_PER_USEC)

/* Bytes that virtual_burst_time() waits for at most. */
#define BURST_MAX ((size_t)64)

static void model_advance(struct virtual_stm32 *chip, uint64_t now);

/* splitmix64 (Steele, Lea, Flood 2014) */
uint64_t model_random(struct virtual_stm32 *chip) {
        uint64_t z = chip->random += 0x9E3779B97F4A7C15ULL;

        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ z >> 27) * 0x94D049BB133111EBULL;
        return z ^ z >> 31;
}

/* ---- resets and power ---- */

static void model_wake(struct virtual_stm32 *chip) {
        if (chip->wake)
                chip->wake(chip->wake_userdata);
}

void virtual_set_wake(struct virtual_stm32 *chip, virtual_wake_t wake, void *userdata) {
        chip->wake = wake;
        chip->wake_userdata = userdata;
}

/* What any reset and any loss of power does at once. */
static void model_stop(struct virtual_stm32 *chip, uint64_t now) {
        job_abort(chip, now);
        line_cut(&chip->lines[TO_HOST], now);
        chip->pending = false;
        chip->busy = now;
        chip->fast = false;
        chip->boot_at = chip->reset_at = chip->release_at = USEC_INFINITY;
        rom_reset(chip);
        model_schedule(chip);
}

static void model_reset(struct virtual_stm32 *chip, uint64_t now) {
        model_stop(chip, now);
        chip->counters.resets++;
        chip->state = VIRTUAL_IN_RESET;
        if (!chip->nrst_low)
                boot_release(chip, now);
}

static void power_off(struct virtual_stm32 *chip, uint64_t now) {
        model_stop(chip, now);
        chip->state = VIRTUAL_OFF;
        chip->power_off_at = USEC_INFINITY;
        model_schedule(chip);
}

static void power_on(struct virtual_stm32 *chip, uint64_t now) {
        for (size_t i = 0; i < CHIP_RANGES_MAX; i++)
                if (chip->ram[i])
                        memset(chip->ram[i], 0, chip->chip->ram[i].size);
        chip->power_on_at = USEC_INFINITY;
        chip->options_pending = chip->options_loading = true;
        model_reset(chip, now);
}

void virtual_power_off(struct virtual_stm32 *chip, uint64_t now) {
        model_advance(chip, now * NSEC_PER_USEC);
        if (chip->state != VIRTUAL_OFF)
                power_off(chip, chip->now);
        model_wake(chip);
}

void virtual_power_on(struct virtual_stm32 *chip, uint64_t now) {
        model_advance(chip, now * NSEC_PER_USEC);
        if (chip->state == VIRTUAL_OFF)
                power_on(chip, chip->now);
        model_wake(chip);
}

void virtual_set_lines(struct virtual_stm32 *chip, uint64_t now, bool reset, bool boot0,
                       bool boot1) {
        bool was_low = chip->nrst_low;

        model_advance(chip, now * NSEC_PER_USEC);
        chip->boot0 = boot0 && !chip->config.boot0_open;
        chip->boot1 = boot1 || chip->config.boot1_high;
        chip->nrst_low = reset && !chip->config.reset_open;
        if (chip->state == VIRTUAL_OFF || chip->nrst_low == was_low)
                return;

        chip->release_at = USEC_INFINITY;
        if (chip->nrst_low)
                model_reset(chip, chip->now);
        else if (chip->state == VIRTUAL_IN_RESET && chip->config.reset_rise > 0)
                chip->release_at = chip->now + chip->config.reset_rise * NSEC_PER_USEC;
        else if (chip->state == VIRTUAL_IN_RESET)
                boot_release(chip, chip->now);
        model_schedule(chip);
        model_wake(chip);
}

/* ---- birth and death ---- */

static int ram_new(struct virtual_stm32 *chip) {
        for (size_t i = 0; i < CHIP_RANGES_MAX; i++) {
                if (chip->chip->ram[i].size == 0)
                        continue;
                chip->ram[i] = calloc(1, chip->chip->ram[i].size);
                if (!chip->ram[i])
                        return -ENOMEM;
        }
        return 0;
}

int virtual_new(const struct virtual_config *config, struct virtual_stm32 **ret) {
        struct virtual_stm32 *chip;
        int r;

        chip = calloc(1, sizeof(*chip));
        if (!chip)
                return -ENOMEM;

        chip->config = *config;
        chip->chip = config->chip;
        chip->rom_row = rom_row_find(config->chip);
        chip->random = config->seed;
        for (size_t i = 0; i < sizeof(chip->unique_id); i++)
                chip->unique_id[i] = (uint8_t)model_random(chip);

        r = options_new(chip);
        if (r == 0)
                r = flash_new(chip);
        if (r == 0)
                r = ram_new(chip);
        if (r < 0) {
                virtual_free(chip);
                return r;
        }

        options_deliver(chip);
        for (size_t i = 0; i < DIRECTIONS_; i++) {
                chip->lines[i].instant = config->no_wire_time;
                chip->wire_fault_at[i] = USEC_INFINITY;
        }
        chip->echo.instant = config->no_wire_time;
        chip->boot1 = config->boot1_high;
        chip->host_receiver = receiver_new(0, frame_length(115200, 11), 11);
        chip->echo_receiver = chip->host_receiver;
        chip->boot_at = chip->reset_at = chip->release_at = USEC_INFINITY;
        chip->power_off_at = chip->power_on_at = USEC_INFINITY;

        power_on(chip, 0);
        chip->counters = (struct virtual_counters){};

        *ret = chip;
        return 0;
}

struct virtual_stm32 *virtual_free(struct virtual_stm32 *chip) {
        if (!chip)
                return NULL;

        for (size_t i = 0; i < DIRECTIONS_; i++)
                line_free(&chip->lines[i]);
        line_free(&chip->echo);
        for (size_t i = 0; i < CHIP_RANGES_MAX; i++)
                free(chip->ram[i]);
        faults_free(chip);
        free(chip->flash);
        free(chip->units);
        free(chip->pages);
        free(chip->protected);
        free(chip->options);
        free(chip->hidden_wrp);
        free(chip);
        return NULL;
}

/* ---- the course of events ---- */

void model_schedule(struct virtual_stm32 *chip) {
        uint64_t event = MIN(chip->boot_at, chip->reset_at);

        event = MIN(event, chip->release_at);
        event = MIN(event, chip->power_off_at);
        event = MIN(event, chip->power_on_at);
        if (chip->job.type != JOB_NONE)
                event = MIN(event, chip->job.end);
        chip->event = event;
}

static void model_event(struct virtual_stm32 *chip) {
        uint64_t now = chip->event;

        if (chip->power_off_at == now) {
                power_off(chip, now);
                chip->power_on_at = now + POWER_GAP;
        } else if (chip->power_on_at == now)
                power_on(chip, now);
        else if (chip->reset_at == now)
                model_reset(chip, now);
        else if (chip->release_at == now) {
                chip->release_at = USEC_INFINITY;
                boot_release(chip, now);
        } else if (chip->boot_at == now)
                boot_finish(chip, now);
        else {
                bool background = chip->job.background;

                job_run(chip, now);
                chip->job.type = JOB_NONE;
                if (!background)
                        rom_job_done(chip, now);
        }
        model_schedule(chip);
}

/* A byte has arrived in the shift register. */
static void model_arrival(struct virtual_stm32 *chip, uint64_t now) {
        bool stalled = chip->job.type != JOB_NONE && !chip->job.background;
        uint8_t byte;

        if (!line_take(&chip->lines[TO_CHIP], &chip->chip_receiver, &byte))
                chip->counters.frame_errors++;

        if (now >= chip->busy && !chip->pending) {
                rom_byte(chip, now, byte);
                return;
        }

        /*
         * One byte waits in the data register; a second one overruns: it is lost, the first stays
         * (RM0090 30.3.3). That the ROM goes on as if nothing had happened is this model's choice.
         */
        if (stalled || chip->pending)
                chip->counters.sent_while_busy++;
        if (!chip->pending) {
                chip->pending = true;
                chip->pending_byte = byte;
        }
}

static void model_advance(struct virtual_stm32 *chip, uint64_t now) {
        now = MAX(now, chip->now);

        for (;;) {
                uint64_t arrival = rom_next(chip);
                uint64_t cpu = chip->pending ? chip->busy : USEC_INFINITY;

                if (chip->event <= now && chip->event <= arrival && chip->event <= cpu) {
                        chip->now = chip->event;
                        model_event(chip);
                } else if (cpu <= now && cpu <= arrival) {
                        chip->now = MAX(cpu, chip->now);
                        chip->pending = false;
                        rom_byte(chip, chip->now, chip->pending_byte);
                } else if (arrival <= now) {
                        chip->now = MAX(arrival, chip->now);
                        if (chip->rom.locked)
                                model_arrival(chip, chip->now);
                        else
                                rom_listen(chip);
                } else
                        break;
        }

        chip->now = now;
        if (chip->job.type != JOB_NONE)
                job_run(chip, now);
        /* what has passed without a start bit in it, or with nobody listening */
        if (rom_next(chip) == USEC_INFINITY)
                line_discard(&chip->lines[TO_CHIP], now);
}

/* ---- the host's side ---- */

static void host_deliver(struct virtual_stm32 *chip, uint8_t byte) {
        size_t size = sizeof(chip->inbox);

        if (chip->inbox_count < size)
                chip->inbox[(chip->inbox_head + chip->inbox_count++) % size] = byte;
}

/* Moves what has arrived by now into the inbox. */
static void host_collect(struct virtual_stm32 *chip) {
        for (;;) {
                uint64_t answer = line_next(&chip->lines[TO_HOST], &chip->host_receiver);
                uint64_t echo = line_next(&chip->echo, &chip->echo_receiver);
                uint8_t byte;

                if (MIN(answer, echo) > chip->now)
                        break;
                if (echo <= answer)
                        line_take(&chip->echo, &chip->echo_receiver, &byte);
                else
                        line_take(&chip->lines[TO_HOST], &chip->host_receiver, &byte);
                host_deliver(chip, byte);
        }
        if (line_next(&chip->lines[TO_HOST], &chip->host_receiver) == USEC_INFINITY)
                line_discard(&chip->lines[TO_HOST], chip->now);
        if (line_next(&chip->echo, &chip->echo_receiver) == USEC_INFINITY)
                line_discard(&chip->echo, chip->now);
}

void virtual_set_format(struct virtual_stm32 *chip, uint64_t now, unsigned baud, bool even_parity) {
        uint8_t n = even_parity ? 11 : 10;

        model_advance(chip, now * NSEC_PER_USEC);
        host_collect(chip);
        line_reformat(&chip->lines[TO_CHIP], chip->now, frame_length(baud, n), n);

        /* the receiver starts afresh in the middle of what may be under way */
        chip->host_receiver = receiver_new(chip->now, frame_length(baud, n), n);
        chip->echo_receiver = chip->host_receiver;
}

void virtual_flush(struct virtual_stm32 *chip, uint64_t now) {
        model_advance(chip, now * NSEC_PER_USEC);
        host_collect(chip);
        chip->inbox_count = 0;
        line_flush(&chip->lines[TO_CHIP], chip->now);
        line_flush(&chip->echo, chip->now);
}

void virtual_send(struct virtual_stm32 *chip, uint64_t now, const uint8_t *data, size_t size) {
        struct line *line = &chip->lines[TO_CHIP];

        model_advance(chip, now * NSEC_PER_USEC);
        for (size_t i = 0; i < size; i++) {
                struct frame frame = {
                        .start = MAX(chip->now, line->free),
                        .length = chip->host_receiver.length,
                        .bits = frame_bits(data[i], chip->host_receiver.n),
                        .n = chip->host_receiver.n,
                };

                if (chip->config.echo && !chip->config.uart_crossed)
                        line_put(&chip->echo, frame);
                if (!chip->config.uart_crossed && fault_wire(chip, TO_CHIP, &frame))
                        line_put(line, frame);
                else
                        line->free = line_frame_end(line, &frame);
        }
}

void model_transmit(struct virtual_stm32 *chip, uint64_t now, struct frame frame,
                    const uint8_t *data, size_t size) {
        struct line *line = &chip->lines[TO_HOST];

        if (chip->dead)
                return;

        for (size_t i = 0; i < size; i++) {
                /* 8N2 is what an application sends: fit for receivers with and without parity */
                frame.bits = frame.two_stop_bits ? (uint16_t)((unsigned)data[i] << 1 | 3U << 9)
                                                 : frame_bits(data[i], frame.n);
                frame.start = MAX(now, line->free);
                if (!chip->config.uart_crossed && fault_wire(chip, TO_HOST, &frame))
                        line_put(line, frame);
                else
                        line->free = line_frame_end(line, &frame);
        }
}

size_t virtual_receive(struct virtual_stm32 *chip, uint64_t now, uint8_t *ret_data, size_t size) {
        size_t n;

        model_advance(chip, now * NSEC_PER_USEC);
        host_collect(chip);

        for (n = 0; n < size && chip->inbox_count > 0; n++) {
                ret_data[n] = chip->inbox[chip->inbox_head];
                chip->inbox_head = (chip->inbox_head + 1) % sizeof(chip->inbox);
                chip->inbox_count--;
        }
        return n;
}

static uint64_t to_usec(uint64_t nsec) {
        return nsec == USEC_INFINITY ? USEC_INFINITY : (nsec + NSEC_PER_USEC - 1) / NSEC_PER_USEC;
}

/* When the chip has what it needs of the bytes under way to it in order to answer. */
static uint64_t command_complete(const struct virtual_stm32 *chip) {
        const struct line *line = &chip->lines[TO_CHIP];
        uint64_t next = rom_next(chip), end;
        size_t hunger = rom_hunger(chip);

        if (line->count == 0)
                return USEC_INFINITY;
        if (next == USEC_INFINITY)
                return line->free;

        end = line_frame_end(line, line_at(line, MIN(hunger, line->count) - 1));
        return MAX(end, next);
}

/* When something happens that may put bytes on the line to the host. */
static uint64_t cause_time(const struct virtual_stm32 *chip) {
        uint64_t time = MIN(chip->event, command_complete(chip));

        return chip->pending ? MIN(time, chip->busy) : time;
}

static uint64_t wake_time(const struct virtual_stm32 *chip, uint64_t arrival) {
        uint64_t time = cause_time(chip);

        time = MIN(time, arrival);
        time = MIN(time, line_next(&chip->echo, &chip->echo_receiver));
        if (chip->lines[TO_CHIP].free > chip->now)
                time = MIN(time, chip->lines[TO_CHIP].free);
        return to_usec(MAX(time, chip->now + 1));
}

uint64_t virtual_next_time(struct virtual_stm32 *chip) {
        host_collect(chip);
        if (chip->inbox_count > 0)
                return to_usec(chip->now);
        return wake_time(chip, line_next(&chip->lines[TO_HOST], &chip->host_receiver));
}

uint64_t virtual_burst_time(struct virtual_stm32 *chip) {
        const struct line *line = &chip->lines[TO_HOST];
        uint64_t next, last;

        host_collect(chip);
        next = line_next(line, &chip->host_receiver);
        if (chip->inbox_count > 0 || line->count < 2 || next == USEC_INFINITY)
                return virtual_next_time(chip);
        last = line_frame_end(line, line_at(line, MIN(line->count, BURST_MAX) - 1));
        return wake_time(chip, MAX(next, last));
}

uint64_t virtual_tx_empty_time(struct virtual_stm32 *chip) {
        return to_usec(chip->lines[TO_CHIP].free);
}

/* ---- a look inside ---- */

enum virtual_state virtual_state(struct virtual_stm32 *chip, uint64_t now) {
        model_advance(chip, now * NSEC_PER_USEC);
        return chip->state;
}

uint32_t virtual_running_from(const struct virtual_stm32 *chip) {
        return chip->running_from;
}

const struct virtual_counters *virtual_counters(const struct virtual_stm32 *chip) {
        return &chip->counters;
}
