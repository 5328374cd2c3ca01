/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "usbip.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "util/bytes.h"
#include "util/cleanup.h"
#include "util/macro.h"

#define PENDING_MAX  64
#define TRANSFER_MAX 16384
#define SPEED_FULL   2
#define DEVICE_ID    0x10001

/* Bytes that an adapter holds before it lets the host wait. */
#define TX_BUFFER 512

enum {
        CMD_SUBMIT = 1,
        CMD_UNLINK = 2,
        RET_SUBMIT = 3,
        RET_UNLINK = 4,
};

/* All big-endian. */
struct packet {
        uint32_t command, sequence, device, direction_in, endpoint;
        union {
                struct {
                        uint32_t flags, length, start_frame, n_packets, interval;
                        uint8_t setup[8];
                } submit;
                struct {
                        uint32_t status, length;
                } reply;
                uint32_t unlink_sequence;
                uint8_t size[28];
        };
};
static_assert(sizeof(struct packet) == 48, "header of USB/IP");

struct transfer {
        uint32_t sequence;
        size_t length;
        uint8_t *data; /* to the chip; NULL: to the host */
};

struct usbip {
        int fd;
        struct adapter *adapter;
        struct transfer in[PENDING_MAX], out[PENDING_MAX];
        size_t n_in, n_out;
        uint8_t buffer[TRANSFER_MAX];
};

DEFINE_CLEANUP(struct usbip, usbip_detach);

int usbip_attach(unsigned port, struct adapter *adapter, struct usbip **ret) {
        static const struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
        int pair[2], r = 0;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                return -errno;
        _cleanup_close_ int host = pair[1];
        _cleanup_(usbip_detachp) struct usbip *usbip = calloc(1, sizeof(*usbip));
        if (!usbip) {
                (void)close(pair[0]);
                return -ENOMEM;
        }
        usbip->fd = pair[0];
        usbip->adapter = adapter;

        /* The hub needs a moment after an unplug. */
        for (unsigned tries = 0; tries < 100; tries++) {
                _cleanup_close_ int fd =
                        open("/sys/devices/platform/vhci_hcd.0/attach", O_WRONLY | O_CLOEXEC);
                r = fd < 0 || dprintf(fd, "%u %d %d %d", port, host, DEVICE_ID, SPEED_FULL) < 0
                            ? -errno
                            : 0;
                if (r != -EBUSY)
                        break;
                (void)nanosleep(&pause, NULL);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(usbip);
        return 0;
}

struct usbip *usbip_detach(struct usbip *usbip) {
        if (!usbip)
                return NULL;
        for (size_t i = 0; i < usbip->n_out; i++)
                free(usbip->out[i].data);
        closep(&usbip->fd);
        free(usbip);
        return NULL;
}

int usbip_fd(const struct usbip *usbip) {
        return usbip->fd;
}

/* ---- replies ---- */

static void reply(struct usbip *usbip, uint32_t command, uint32_t sequence, int status,
                  size_t length, const uint8_t *data) {
        struct packet packet = {
                .command = htobe32(command),
                .sequence = htobe32(sequence),
                .reply.status = htobe32((uint32_t)status),
                .reply.length = htobe32((uint32_t)length),
        };

        /* A host that is gone shows at the next read. */
        (void)send(usbip->fd, &packet, sizeof(packet), MSG_NOSIGNAL);
        if (data && length)
                (void)send(usbip->fd, data, length, MSG_NOSIGNAL);
}

static void remove_transfer(struct transfer *queue, size_t *n, size_t i) {
        free(queue[i].data);
        (*n)--;
        memmove(queue + i, queue + i + 1, (*n - i) * sizeof(*queue));
}

static uint64_t out_time(const struct usbip *usbip) {
        const struct board *board = usbip->adapter->board;
        uint64_t empty = virtual_tx_empty_time(board->chip);
        uint64_t held = TX_BUFFER * 11 * USEC_PER_SEC / MAX(board->baud, 300U);

        return empty == USEC_INFINITY || empty < held ? 0 : empty - held;
}

void usbip_complete(struct usbip *usbip) {
        struct adapter *adapter = usbip->adapter;
        uint8_t packet[ADAPTER_PACKET];
        size_t n;

        while (usbip->n_out > 0 && out_time(usbip) <= adapter->board->now) {
                board_send(adapter->board, usbip->out[0].data, usbip->out[0].length);
                reply(usbip, RET_SUBMIT, usbip->out[0].sequence, 0, usbip->out[0].length, NULL);
                remove_transfer(usbip->out, &usbip->n_out, 0);
        }
        while (usbip->n_in > 0 &&
               (n = adapter->type->fetch(adapter, packet,
                                         MIN(usbip->in[0].length, sizeof(packet)))) > 0) {
                reply(usbip, RET_SUBMIT, usbip->in[0].sequence, 0, n, packet);
                remove_transfer(usbip->in, &usbip->n_in, 0);
        }
}

uint64_t usbip_next_time(const struct usbip *usbip) {
        const struct adapter_type *type = usbip->adapter->type;
        uint64_t next = usbip->n_out > 0 ? out_time(usbip) : USEC_INFINITY;

        if (usbip->n_in > 0 && type->fetch_time)
                next = MIN(next, type->fetch_time(usbip->adapter));
        return next;
}

/* ---- standard requests ---- */

static size_t device_descriptor(const struct adapter_type *type, uint8_t *ret) {
        static const uint8_t fixed[18] = { 18, 1, 0x00, 0x02, 0, 0, 0, 64, [14] = 1, 2, 3, 1 };

        memcpy(ret, fixed, sizeof(fixed));
        put_le16(ret + 8, type->vendor);
        put_le16(ret + 10, type->product);
        put_le16(ret + 12, type->release);
        return sizeof(fixed);
}

static size_t configuration_descriptor(const struct adapter_type *type, uint8_t *ret) {
        const uint8_t all[32] = {
                9,    2,    32,
                0,    1,    1,
                0,    0x80, 50, /* one configuration, 100 mA */
                9,    4,    0,
                0,    2,    0xff,
                0xff, 0xff, 2, /* one vendor interface */
                7,    5,    0x80 | type->in_endpoint,
                2,    64,   0,
                0, /* bulk in */
                7,    5,    type->out_endpoint,
                2,    64,   0,
                0, /* bulk out */
        };

        memcpy(ret, all, sizeof(all));
        return sizeof(all);
}

/* String descriptors are UTF-16; ours are ASCII. */
static size_t string_descriptor(const struct adapter *adapter, unsigned index, uint8_t *ret) {
        const char *const strings[] = { NULL, adapter->type->vendor_name,
                                        adapter->type->product_name, adapter->serial };
        size_t n = 2;

        if (index == 0) { /* languages: US English */
                ret[n++] = 0x09;
                ret[n++] = 0x04;
        } else if (index < ARRAY_SIZE(strings)) {
                for (const char *c = strings[index]; *c && n < 250; c++) {
                        ret[n++] = (uint8_t)*c;
                        ret[n++] = 0;
                }
        } else {
                return 0;
        }
        ret[0] = (uint8_t)n;
        ret[1] = 3;
        return n;
}

static int get_descriptor(const struct adapter *adapter, const struct setup *setup, uint8_t *ret) {
        uint8_t all[256];
        size_t n = 0;

        switch (setup->value >> 8) {
        case 1:
                n = device_descriptor(adapter->type, all);
                break;
        case 2:
                n = configuration_descriptor(adapter->type, all);
                break;
        case 3:
                n = string_descriptor(adapter, setup->value & 0xff, all);
                break;
        }
        if (n == 0)
                return -EPIPE;
        n = MIN(n, (size_t)setup->length);
        memcpy(ret, all, n);
        return (int)n;
}

static int control(struct usbip *usbip, const struct setup *setup, uint8_t *data) {
        if (setup->type & 0x60)
                return usbip->adapter->type->control(usbip->adapter, setup, data);
        if (setup->type == 0x80 && setup->request == 6)
                return get_descriptor(usbip->adapter, setup, data);
        if (setup->type & 0x80)
                memset(data, 0, setup->length);
        return setup->length; /* set configuration, get status ... */
}

/* ---- requests ---- */

static void submit_control(struct usbip *usbip, uint32_t sequence, const uint8_t *raw,
                           size_t length) {
        struct setup setup = {
                .type = raw[0],
                .request = raw[1],
                .value = get_le16(raw + 2),
                .index = get_le16(raw + 4),
                .length = get_le16(raw + 6),
        };
        bool in = setup.type & 0x80;

        if (setup.length > length)
                setup.length = (uint16_t)length;
        int n = control(usbip, &setup, usbip->buffer);
        if (n < 0)
                reply(usbip, RET_SUBMIT, sequence, n, 0, NULL);
        else
                reply(usbip, RET_SUBMIT, sequence, 0, MIN((size_t)n, (size_t)setup.length),
                      in ? usbip->buffer : NULL);
}

static int submit_bulk(struct usbip *usbip, uint32_t sequence, bool in, size_t length) {
        struct transfer transfer = { .sequence = sequence, .length = length };

        if ((in ? usbip->n_in : usbip->n_out) == PENDING_MAX)
                return -ENOTCONN;
        if (in) {
                usbip->in[usbip->n_in++] = transfer;
                return 0;
        }
        transfer.data = malloc(MAX(length, (size_t)1));
        if (!transfer.data)
                return -ENOTCONN;
        memcpy(transfer.data, usbip->buffer, length);
        usbip->out[usbip->n_out++] = transfer;
        return 0;
}

static void unlink_transfer(struct usbip *usbip, uint32_t sequence, uint32_t unlinked) {
        int status = 0;

        for (size_t i = 0; i < usbip->n_in; i++)
                if (usbip->in[i].sequence == unlinked) {
                        remove_transfer(usbip->in, &usbip->n_in, i--);
                        status = -ECONNRESET;
                }
        for (size_t i = 0; i < usbip->n_out; i++)
                if (usbip->out[i].sequence == unlinked) {
                        remove_transfer(usbip->out, &usbip->n_out, i--);
                        status = -ECONNRESET;
                }
        reply(usbip, RET_UNLINK, sequence, status, 0, NULL);
}

static bool receive_all(struct usbip *usbip, void *buffer, size_t size) {
        return size == 0 || recv(usbip->fd, buffer, size, MSG_WAITALL) == (ssize_t)size;
}

int usbip_receive(struct usbip *usbip) {
        struct packet packet;

        if (!receive_all(usbip, &packet, sizeof(packet)))
                return -ENOTCONN;
        uint32_t sequence = be32toh(packet.sequence), length = be32toh(packet.submit.length);
        bool in = be32toh(packet.direction_in);

        switch (be32toh(packet.command)) {
        case CMD_UNLINK:
                unlink_transfer(usbip, sequence, be32toh(packet.unlink_sequence));
                return 0;
        case CMD_SUBMIT:
                if (length > sizeof(usbip->buffer) ||
                    (!in && !receive_all(usbip, usbip->buffer, length)))
                        return -ENOTCONN;
                if (be32toh(packet.endpoint) != 0)
                        return submit_bulk(usbip, sequence, in, length);
                submit_control(usbip, sequence, packet.submit.setup, length);
                return 0;
        default:
                return -ENOTCONN;
        }
}
