/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

#include "image/reader.h"
#include "util/cleanup.h"

/* A linked firmware has less than ten; each may cost a walk over all sections. */
#define PROGRAM_HEADERS_MAX 256

/* A build-id has an area of its own, or shares it with a few small notes. */
#define NOTE_AREAS_MAX     16
#define NOTE_AREA_SIZE_MAX 4096

struct elf {
        Elf *elf;
        const uint8_t *data;
        size_t size;
        GElf_Ehdr header;
        size_t n_sections;
        struct builder *builder;
        struct image *image;
        struct image_error *error;
};

static void elf_endp(Elf **elf) {
        (void)elf_end(*elf);
}

static bool within(uint64_t offset, uint64_t size, uint64_t file_size) {
        return offset <= file_size && size <= file_size - offset;
}

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size) {
        return a < b + b_size && b < a + a_size;
}

static int check_ident(const uint8_t *data, size_t size, struct image_error *error) {
        if (size < SELFMAG || memcmp(data, ELFMAG, SELFMAG) != 0)
                return image_refuse(error, IMAGE_SYNTAX, 0, 0, "no ELF magic at its start");
        if (size < sizeof(Elf32_Ehdr))
                return image_refuse(error, IMAGE_TRUNCATED, 0, 0,
                                    "the file ends within the ELF header");
        if (data[EI_CLASS] == ELFCLASS64)
                return image_refuse(error, IMAGE_UNSUPPORTED, 0, 0, "a 64-bit ELF file");
        if (data[EI_DATA] == ELFDATA2MSB)
                return image_refuse(error, IMAGE_UNSUPPORTED, 0, 0, "a big-endian ELF file");
        if (data[EI_CLASS] != ELFCLASS32 || data[EI_DATA] != ELFDATA2LSB ||
            data[EI_VERSION] != EV_CURRENT)
                return image_refuse(error, IMAGE_SYNTAX, 0, 0,
                                    "ELF class %u, data encoding %u, version %u", data[EI_CLASS],
                                    data[EI_DATA], data[EI_VERSION]);
        return 0;
}

static int refuse_libelf(struct image_error *error) {
        return image_refuse(error, IMAGE_SYNTAX, 0, 0, "a damaged ELF file: %s", elf_errmsg(-1));
}

static int check_header(const struct elf *elf) {
        const GElf_Ehdr *header = &elf->header;

        if (header->e_machine != EM_ARM)
                return image_refuse(elf->error, IMAGE_UNSUPPORTED, 0, 0,
                                    "an ELF file for machine %u, not for Arm (%u)",
                                    header->e_machine, EM_ARM);
        if (header->e_type != ET_EXEC)
                return image_refuse(elf->error, IMAGE_UNSUPPORTED, 0, 0,
                                    "an ELF file of type %u, not a linked program (%u)",
                                    header->e_type, ET_EXEC);
        if (header->e_phnum == 0 || header->e_phoff == 0)
                return image_refuse(elf->error, IMAGE_EMPTY, 0, 0, "no program headers in it");
        if (header->e_phentsize != sizeof(Elf32_Phdr))
                return image_refuse(elf->error, IMAGE_SYNTAX, 0, 0,
                                    "program headers of %u bytes instead of %zu",
                                    header->e_phentsize, sizeof(Elf32_Phdr));
        if (header->e_phnum > PROGRAM_HEADERS_MAX)
                return image_refuse(elf->error, IMAGE_UNSUPPORTED, 0, 0,
                                    "%u program headers, more than %u", header->e_phnum,
                                    PROGRAM_HEADERS_MAX);
        /* libelf goes on without the tables that a file is too short for. */
        if (!within(header->e_phoff, header->e_phnum * sizeof(Elf32_Phdr), elf->size))
                return image_refuse(elf->error, IMAGE_TRUNCATED, 0, 0,
                                    "the file ends before its program headers");
        if (!within(header->e_shoff, header->e_shnum * sizeof(Elf32_Shdr), elf->size))
                return image_refuse(elf->error, IMAGE_TRUNCATED, 0, 0,
                                    "the file ends before its section headers");
        return 0;
}

static int refuse_segment(const struct elf *elf, enum image_status status, const GElf_Phdr *segment,
                          const char *what) {
        uint32_t address = (uint32_t)segment->p_paddr;

        return image_refuse(elf->error, status, 0, address, "the segment at 0x%08x %s", address,
                            what);
}

/* Linkers put the ELF header and the program headers into the first segment where its page has
 * room for them in front of the program. */
static bool holds_headers(const struct elf *elf, const GElf_Phdr *segment) {
        return overlap(segment->p_offset, segment->p_filesz, 0, sizeof(Elf32_Ehdr)) ||
               overlap(segment->p_offset, segment->p_filesz, elf->header.e_phoff,
                       elf->header.e_phnum * sizeof(Elf32_Phdr));
}

/* Offset in the file of the segment's first section with data; the segment's end if none has. */
static uint64_t first_section(const struct elf *elf, const GElf_Phdr *segment) {
        uint64_t first = segment->p_offset + segment->p_filesz;
        GElf_Shdr header;

        for (Elf_Scn *section = NULL; (section = elf_nextscn(elf->elf, section));)
                if (gelf_getshdr(section, &header) && header.sh_type != SHT_NOBITS &&
                    header.sh_flags & SHF_ALLOC && header.sh_size > 0 &&
                    header.sh_offset >= segment->p_offset)
                        first = MIN(first, header.sh_offset);
        return first;
}

static int load(const struct elf *elf, const GElf_Phdr *segment) {
        uint64_t first = segment->p_offset;
        uint64_t end = first + segment->p_filesz;

        if (segment->p_filesz > segment->p_memsz)
                return refuse_segment(elf, IMAGE_SYNTAX, segment,
                                      "has more bytes in the file than in memory");
        if (!within(segment->p_offset, segment->p_filesz, elf->size))
                return refuse_segment(elf, IMAGE_TRUNCATED, segment,
                                      "ends beyond the end of the file");
        if (holds_headers(elf, segment)) {
                if (elf->n_sections == 0)
                        return refuse_segment(elf, IMAGE_UNSUPPORTED, segment,
                                              "holds ELF headers, and no sections tell where its "
                                              "program starts");
                first = first_section(elf, segment);
        }
        return builder_add(elf->builder, 0, segment->p_paddr + (first - segment->p_offset),
                           elf->data + first, (uint32_t)(end - first), elf->error);
}

static int load_all(const struct elf *elf) {
        GElf_Phdr segment;
        uint64_t total = 0;

        for (int i = 0; i < elf->header.e_phnum; i++) {
                if (!gelf_getphdr(elf->elf, i, &segment))
                        return refuse_libelf(elf->error);
                if (segment.p_type != PT_LOAD || segment.p_filesz == 0)
                        continue;
                int r = load(elf, &segment);
                if (r != 0)
                        return r;
                /* Many segments over the same bytes would make much of a small file. */
                total += segment.p_filesz;
                if (total > elf->size)
                        return refuse_segment(elf, IMAGE_SYNTAX, &segment,
                                              "and those before it are larger than the file");
        }
        return 0;
}

static bool take_build_id(const struct elf *elf, uint64_t offset, uint64_t size) {
        GElf_Nhdr note;
        size_t name, id, next = 0;

        if (size > NOTE_AREA_SIZE_MAX || !within(offset, size, elf->size))
                return false;

        Elf_Data *data = elf_getdata_rawchunk(elf->elf, (int64_t)offset, (size_t)size, ELF_T_NHDR);
        while (data && (next = gelf_getnote(data, next, &note, &name, &id)) > 0) {
                const uint8_t *area = data->d_buf;

                if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(ELF_NOTE_GNU) &&
                    memcmp(area + name, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) == 0 &&
                    note.n_descsz > 0 && note.n_descsz <= sizeof(elf->image->build_id)) {
                        memcpy(elf->image->build_id, area + id, note.n_descsz);
                        elf->image->build_id_size = note.n_descsz;
                        return true;
                }
        }
        return false;
}

/* Few firmware linker scripts make a PT_NOTE: the section does as well. */
static void find_build_id(const struct elf *elf) {
        GElf_Phdr segment;
        GElf_Shdr header;
        int areas = 0;

        for (int i = 0; i < elf->header.e_phnum && areas < NOTE_AREAS_MAX; i++) {
                if (!gelf_getphdr(elf->elf, i, &segment) || segment.p_type != PT_NOTE)
                        continue;
                if (take_build_id(elf, segment.p_offset, segment.p_filesz))
                        return;
                areas++;
        }
        for (Elf_Scn *section = NULL;
             areas < NOTE_AREAS_MAX && (section = elf_nextscn(elf->elf, section));) {
                if (!gelf_getshdr(section, &header) || header.sh_type != SHT_NOTE)
                        continue;
                if (take_build_id(elf, header.sh_offset, header.sh_size))
                        return;
                areas++;
        }
}

int elf_read(const uint8_t *data, size_t size, struct builder *builder, struct image *image,
             struct image_error *error) {
        _cleanup_free_ char *copy = NULL;
        _cleanup_(elf_endp) Elf *handle = NULL;
        struct elf elf = {
                .data = data,
                .size = size,
                .builder = builder,
                .image = image,
                .error = error,
        };

        int r = check_ident(data, size, error);
        if (r != 0)
                return r;

        /* libelf takes the memory as its own to change. */
        copy = malloc(size);
        if (!copy)
                return -ENOMEM;
        memcpy(copy, data, size);
        (void)elf_version(EV_CURRENT);
        elf.elf = handle = elf_memory(copy, size);
        if (!gelf_getehdr(handle, &elf.header) || elf_getshdrnum(handle, &elf.n_sections) < 0)
                return refuse_libelf(error);

        r = check_header(&elf);
        if (r != 0)
                return r;
        r = load_all(&elf);
        if (r != 0)
                return r;
        find_build_id(&elf);
        /* System V ABI: 0 stands for no entry point. */
        image->has_entry = elf.header.e_entry != 0;
        image->entry = (uint32_t)elf.header.e_entry;
        return 0;
}
