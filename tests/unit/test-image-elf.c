/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <elf.h>

#include "image-test.h"

/* A small firmware: code in flash, initialised data that runs in RAM, a build-id, sections. */

enum { TEXT, DATA, NOTE, N_SEGMENTS };
enum { NO_SECTION, TEXT_SECTION, BSS_SECTION, DATA_SECTION, NOTE_SECTION, N_SECTIONS };

struct note {
        Elf32_Nhdr header;
        char name[4];
        uint8_t id[20];
};

struct file {
        Elf32_Ehdr header;
        Elf32_Phdr segments[N_SEGMENTS];
        uint8_t text[16];
        uint8_t data[4];
        struct note note;
        Elf32_Shdr sections[N_SECTIONS];
};

#define TEXT_HEX "000102030405060708090a0b0c0d0e0f"

static Elf32_Phdr make_segment(uint32_t type, size_t offset, uint32_t vaddr, uint32_t paddr,
                               uint32_t size) {
        return (Elf32_Phdr){
                .p_type = type,
                .p_offset = (uint32_t)offset,
                .p_vaddr = vaddr,
                .p_paddr = paddr,
                .p_filesz = size,
                .p_memsz = size,
        };
}

static Elf32_Shdr make_section(uint32_t type, uint32_t flags, size_t offset, uint32_t size) {
        return (Elf32_Shdr){
                .sh_type = type,
                .sh_flags = flags,
                .sh_offset = (uint32_t)offset,
                .sh_size = size,
        };
}

static struct file make_file(void) {
        struct file file = {
                .header = {
                        .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB,
                                     EV_CURRENT },
                        .e_type = ET_EXEC,
                        .e_machine = EM_ARM,
                        .e_version = EV_CURRENT,
                        .e_entry = 0x08000009,
                        .e_phoff = offsetof(struct file, segments),
                        .e_shoff = offsetof(struct file, sections),
                        .e_ehsize = sizeof(Elf32_Ehdr),
                        .e_phentsize = sizeof(Elf32_Phdr),
                        .e_phnum = N_SEGMENTS,
                        .e_shentsize = sizeof(Elf32_Shdr),
                        .e_shnum = N_SECTIONS,
                },
                .data = { 0xd0, 0xd1, 0xd2, 0xd3 },
                .note = { { 4, 20, NT_GNU_BUILD_ID }, "GNU", { 0xb1, 0xb2 } },
        };

        for (size_t i = 0; i < sizeof(file.text); i++)
                file.text[i] = (uint8_t)i;
        file.segments[TEXT] = make_segment(PT_LOAD, offsetof(struct file, text), 0x08000000,
                                           0x08000000, sizeof(file.text));
        file.segments[DATA] = make_segment(PT_LOAD, offsetof(struct file, data), 0x20000000,
                                           0x08000020, sizeof(file.data));
        file.segments[DATA].p_memsz = 64; /* .bss behind it */
        file.segments[NOTE] =
                make_segment(PT_NOTE, offsetof(struct file, note), 0, 0, sizeof(file.note));
        file.sections[TEXT_SECTION] = make_section(SHT_PROGBITS, SHF_ALLOC,
                                                   offsetof(struct file, text), sizeof(file.text));
        file.sections[BSS_SECTION] = make_section(SHT_NOBITS, SHF_ALLOC, 0, 60);
        file.sections[DATA_SECTION] = make_section(SHT_PROGBITS, SHF_ALLOC,
                                                   offsetof(struct file, data), sizeof(file.data));
        file.sections[NOTE_SECTION] =
                make_section(SHT_NOTE, 0, offsetof(struct file, note), sizeof(file.note));
        return file;
}

static int open_file(const struct file *file, struct image **ret, struct image_error *ret_error) {
        const struct image_options options = { .format = IMAGE_AUTO };

        return open_exact(file, sizeof(*file), &options, ret, ret_error);
}

static void loads_segments_by_physical_address(void **state) {
        const struct file file = make_file();
        _cleanup_(image_freep) struct image *image = NULL;
        _cleanup_free_ char *text = NULL;

        (void)state;
        assert_int_equal(open_file(&file, &image, NULL), 0);
        text = dump(image);
        assert_string_equal(text, "08000000:" TEXT_HEX " 08000020:d0d1d2d3 entry 08000009");
        assert_int_equal(image->format, IMAGE_ELF);
        assert_int_equal(image->build_id_size, 20);
        assert_memory_equal(image->build_id, file.note.id, 20);
}

/* Changes of single fields that are no defect. */
static void takes_what_linkers_make(void **state) {
        struct file file = make_file();
        const struct {
                const char *name;
                void *field;
                size_t size;
                uint32_t value;
                const char *image;
        } tests[] = {
                { "no entry point", &file.header.e_entry, 4, 0,
                  "08000000:" TEXT_HEX " 08000020:d0d1d2d3" },
                { "a segment without bytes in the file", &file.segments[DATA].p_filesz, 4, 0,
                  "08000000:" TEXT_HEX " entry 08000009" },
                { "a segment of another type", &file.segments[DATA].p_type, 4, PT_ARM_EXIDX,
                  "08000000:" TEXT_HEX " entry 08000009" },
                { "segments that touch", &file.segments[DATA].p_paddr, 4, 0x08000010,
                  "08000000:" TEXT_HEX "d0d1d2d3 entry 08000009" },
                { "no section headers", &file.header.e_shnum, 2, 0,
                  "08000000:" TEXT_HEX " 08000020:d0d1d2d3 entry 08000009" },
                { "the last bytes of all", &file.segments[DATA].p_paddr, 4, 0xfffffffc,
                  "08000000:" TEXT_HEX " fffffffc:d0d1d2d3 entry 08000009" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
                _cleanup_(image_freep) struct image *image = NULL;
                _cleanup_free_ char *text = NULL;
                struct image_error error;

                file = make_file();
                memcpy(tests[i].field, &tests[i].value, tests[i].size);
                if (open_file(&file, &image, &error) != 0)
                        fail_msg("%s: %s", tests[i].name, error.reason);
                text = dump(image);
                if (strcmp(text, tests[i].image) != 0)
                        fail_msg("%s: %s", tests[i].name, text);
        }
}

/* GNU ld puts the headers into the first segment where the page has room below the program: they
 * are no firmware, and would land in front of it, on a bootloader. */
static void leaves_the_elf_headers_out(void **state) {
        struct file file = make_file();
        Elf32_Phdr *segment = &file.segments[TEXT];
        _cleanup_(image_freep) struct image *image = NULL, *without = NULL;
        struct image *none = NULL;
        _cleanup_free_ char *text = NULL, *rest = NULL;
        struct image_error error;

        (void)state;
        segment->p_filesz = segment->p_memsz = segment->p_offset + segment->p_filesz;
        segment->p_paddr = segment->p_vaddr = 0x08000000 - segment->p_offset;
        segment->p_offset = 0;
        file.sections[BSS_SECTION].sh_type = SHT_PROGBITS; /* an empty section is no program */
        file.sections[BSS_SECTION].sh_size = 0;
        assert_int_equal(open_file(&file, &image, NULL), 0);
        text = dump(image);
        assert_string_equal(text, "08000000:" TEXT_HEX " 08000020:d0d1d2d3 entry 08000009");

        /* Nothing but the program headers in it. */
        segment->p_offset = offsetof(struct file, segments);
        segment->p_filesz = sizeof(file.segments);
        assert_int_equal(open_file(&file, &without, NULL), 0);
        rest = dump(without);
        assert_string_equal(rest, "08000020:d0d1d2d3 entry 08000009");

        file.header.e_shnum = 0;
        file.header.e_shoff = 0;
        assert_int_equal(open_file(&file, &none, &error), IMAGE_UNSUPPORTED);
        assert_string_equal(error.reason, "the segment at 0x07ffff6c holds ELF headers, and no "
                                          "sections tell where its program starts");
}

static void finds_the_build_id(void **state) {
        enum { FROM_SEGMENT, FROM_SECTION, OTHER_TYPE, OTHER_NAME, EMPTY, TOO_LONG, NOWHERE };
        static const size_t sizes[] = { 20, 20, 0, 0, 0, 0, 0 };

        (void)state;
        for (int i = FROM_SEGMENT; i <= NOWHERE; i++) {
                struct file file = make_file();
                _cleanup_(image_freep) struct image *image = NULL;

                if (i == FROM_SECTION || i == NOWHERE)
                        file.segments[NOTE].p_type = PT_NULL;
                if (i == NOWHERE)
                        file.sections[NOTE_SECTION].sh_type = SHT_PROGBITS;
                if (i == OTHER_TYPE)
                        file.note.header.n_type = NT_GNU_ABI_TAG;
                if (i == OTHER_NAME)
                        file.note.name[0] = 'X';
                if (i == EMPTY)
                        file.note.header.n_descsz = 0;
                if (i == TOO_LONG)
                        file.note.header.n_descsz = 65;
                assert_int_equal(open_file(&file, &image, NULL), 0);
                assert_int_equal(image->build_id_size, sizes[i]);
        }
}

static void refuses_with_a_reason(void **state) {
        struct file file = make_file();
        const struct {
                const char *name;
                void *field;
                size_t size;
                uint32_t value;
                enum image_status status;
                uint32_t address;
                const char *reason;
        } tests[] = {
                { "64 bits", &file.header.e_ident[EI_CLASS], 1, ELFCLASS64, IMAGE_UNSUPPORTED, 0,
                  "a 64-bit ELF file" },
                { "big-endian", &file.header.e_ident[EI_DATA], 1, ELFDATA2MSB, IMAGE_UNSUPPORTED, 0,
                  "a big-endian ELF file" },
                { "no class", &file.header.e_ident[EI_CLASS], 1, 3, IMAGE_SYNTAX, 0,
                  "ELF class 3, data encoding 1, version 1" },
                { "no encoding", &file.header.e_ident[EI_DATA], 1, 0, IMAGE_SYNTAX, 0,
                  "ELF class 1, data encoding 0, version 1" },
                { "no version", &file.header.e_ident[EI_VERSION], 1, 2, IMAGE_SYNTAX, 0,
                  "ELF class 1, data encoding 1, version 2" },
                { "a PC's program", &file.header.e_machine, 2, EM_386, IMAGE_UNSUPPORTED, 0,
                  "an ELF file for machine 3, not for Arm (40)" },
                { "an object file", &file.header.e_type, 2, ET_REL, IMAGE_UNSUPPORTED, 0,
                  "an ELF file of type 1, not a linked program (2)" },
                { "a shared object", &file.header.e_type, 2, ET_DYN, IMAGE_UNSUPPORTED, 0,
                  "an ELF file of type 3, not a linked program (2)" },
                { "no program headers", &file.header.e_phnum, 2, 0, IMAGE_EMPTY, 0,
                  "no program headers in it" },
                { "program headers nowhere", &file.header.e_phoff, 4, 0, IMAGE_EMPTY, 0,
                  "no program headers in it" },
                { "odd program headers", &file.header.e_phentsize, 2, 56, IMAGE_SYNTAX, 0,
                  "program headers of 56 bytes instead of 32" },
                { "very many program headers", &file.header.e_phnum, 2, 257, IMAGE_UNSUPPORTED, 0,
                  "257 program headers, more than 256" },
                { "program headers counted elsewhere", &file.header.e_phnum, 2, PN_XNUM,
                  IMAGE_UNSUPPORTED, 0, "65535 program headers, more than 256" },
                { "program headers beyond the end", &file.header.e_phoff, 4,
                  sizeof(file) - N_SEGMENTS * sizeof(Elf32_Phdr) + 1, IMAGE_TRUNCATED, 0,
                  "the file ends before its program headers" },
                { "program headers far beyond the end", &file.header.e_phoff, 4, UINT32_MAX,
                  IMAGE_TRUNCATED, 0, "the file ends before its program headers" },
                { "more program headers than file", &file.header.e_phnum, 2, 256, IMAGE_TRUNCATED,
                  0, "the file ends before its program headers" },
                { "section headers beyond the end", &file.header.e_shoff, 4, sizeof(file),
                  IMAGE_TRUNCATED, 0, "the file ends before its section headers" },
                { "more section headers than file", &file.header.e_shnum, 2, N_SECTIONS + 1,
                  IMAGE_TRUNCATED, 0, "the file ends before its section headers" },
                { "a segment beyond the end", &file.segments[DATA].p_offset, 4, sizeof(file) - 3,
                  IMAGE_TRUNCATED, 0x08000020,
                  "the segment at 0x08000020 ends beyond the end of the file" },
                { "a segment far beyond the end", &file.segments[DATA].p_offset, 4, UINT32_MAX,
                  IMAGE_TRUNCATED, 0x08000020,
                  "the segment at 0x08000020 ends beyond the end of the file" },
                { "a segment larger in the file", &file.segments[DATA].p_memsz, 4, 3, IMAGE_SYNTAX,
                  0x08000020,
                  "the segment at 0x08000020 has more bytes in the file than in memory" },
                { "a segment beyond the address space", &file.segments[DATA].p_paddr, 4, 0xfffffffd,
                  IMAGE_RANGE, 0xfffffffd, "4 bytes at 0xfffffffd leave the 32-bit address space" },
                { "segments that differ", &file.segments[DATA].p_paddr, 4, 0x0800000f,
                  IMAGE_OVERLAP, 0x0800000f, "0x0800000f is both 0x0f and 0xd0" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
                struct image *image = NULL;
                struct image_error error = { .status = IMAGE_OK };

                file = make_file();
                memcpy(tests[i].field, &tests[i].value, tests[i].size);
                int r = open_file(&file, &image, &error);
                if (r != (int)tests[i].status || error.status != tests[i].status ||
                    error.line != 0 || error.address != tests[i].address ||
                    strcmp(error.reason, tests[i].reason) != 0)
                        fail_msg("%s: status %d, address 0x%08x: %s", tests[i].name, r,
                                 error.address, error.reason);
                assert_null(image);
        }
}

static void refuses_a_small_file_that_claims_much(void **state) {
        struct file file = make_file();
        struct image *image = NULL;
        struct image_error error;

        (void)state;
        for (size_t i = 0; i < N_SEGMENTS; i++) {
                uint32_t offset = offsetof(struct file, text);

                file.segments[i] = make_segment(PT_LOAD, offset, 0x08000000, 0x08000000,
                                                (uint32_t)sizeof(file) - offset);
        }
        assert_int_equal(open_file(&file, &image, &error), IMAGE_SYNTAX);
        assert_string_equal(
                error.reason,
                "the segment at 0x08000000 and those before it are larger than the file");
        assert_null(image);
}

static void refuses_every_cut(void **state) {
        const struct image_options options = { .format = IMAGE_AUTO };
        const struct file file = make_file();

        (void)state;
        for (size_t size = 4; size < sizeof(file); size++) {
                struct image *image = NULL;

                assert_int_equal(open_exact(&file, size, &options, &image, NULL), IMAGE_TRUNCATED);
                assert_null(image);
        }
}

/* No single damaged byte makes it crash, and none in a table goes beyond the file. */
static void bears_every_damaged_byte(void **state) {
        static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };

        (void)state;
        for (size_t at = 0; at < sizeof(struct file); at++)
                for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
                        struct file file = make_file();
                        _cleanup_(image_freep) struct image *image = NULL;

                        ((uint8_t *)&file)[at] = values[i];
                        assert_true(open_file(&file, &image, NULL) >= 0);
                        if (image)
                                assert_true(image_size(image) <= sizeof(file));
                }
}

static void needs_no_alignment(void **state) {
        const struct image_options options = { .format = IMAGE_ELF };
        const struct file file = make_file();
        uint8_t shifted[sizeof(file) + 1];
        _cleanup_(image_freep) struct image *image = NULL;

        (void)state;
        memcpy(shifted + 1, &file, sizeof(file));
        assert_int_equal(image_open(shifted + 1, sizeof(file), &options, &image, NULL), 0);
        assert_int_equal(image_size(image), sizeof(file.text) + sizeof(file.data));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(loads_segments_by_physical_address),
                cmocka_unit_test(takes_what_linkers_make),
                cmocka_unit_test(leaves_the_elf_headers_out),
                cmocka_unit_test(finds_the_build_id),
                cmocka_unit_test(refuses_with_a_reason),
                cmocka_unit_test(refuses_a_small_file_that_claims_much),
                cmocka_unit_test(refuses_every_cut),
                cmocka_unit_test(bears_every_damaged_byte),
                cmocka_unit_test(needs_no_alignment),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
