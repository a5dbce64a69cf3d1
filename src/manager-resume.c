/* SPDX-License-Identifier: MIT */

#include "manager-resume.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/archive.h"
#include "base/clock.h"
#include "base/crc32c.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/state.h"
#include "collect/collect.h"

#define MAGIC "sockaudm"
#define NAME_NEW RESUME_NAME ".new"
#define SIZE_MAX_READ (1U << 30)

/* --- the file -------------------------------------------------------------------------------------- */

static void head_record(Archive *a, ResumeHead *h) {
        ARCHIVE(a, h->boot_id);
        ARCHIVE(a, h->collector);
        h->clean = archive_bit(a, h->clean);
        h->with_map = archive_bit(a, h->with_map);
        ARCHIVE(a, h->looked);
        ARCHIVE(a, h->offset);
}

static uint32_t crc_of(Bytes head, Bytes map) {
        Crc32c c;

        crc32c_init(&c);
        return crc32c(&c, crc32c(&c, 0, head.data, head.size), map.data, map.size);
}

int resume_parse(Bytes file, ResumeHead *ret, Bytes *ret_map) {
        Archive a = { .data = file.data, .size = file.size };
        ResumeHead head = {};
        char magic[8];
        uint32_t crc;

        ARCHIVE(&a, magic);
        ARCHIVE(&a, head.version);
        ARCHIVE(&a, crc);
        if (a.bad || memcmp(magic, MAGIC, sizeof(magic)) != 0)
                return -EINVAL;
        if (crc_of((Bytes){ a.data, (uint32_t) a.size }, (Bytes){}) != crc)
                return -EBADMSG;
        head_record(&a, &head);
        if (a.bad)
                return -EBADMSG;
        *ret = head;
        *ret_map = (Bytes){ a.data, (uint32_t) a.size };
        return 0;
}

int resume_format(Text *file, const ResumeHead *head, const Text *map) {
        Archive a = { .out = file };
        ResumeHead copy = *head;
        uint32_t crc = 0;
        size_t checked;

        text_append(file, MAGIC);
        ARCHIVE(&a, copy.version);
        ARCHIVE(&a, crc);
        checked = file->size;
        head_record(&a, &copy);
        if (text_error(file) < 0)
                return -ENOMEM;
        crc = crc_of((Bytes){ file->data + checked, (uint32_t) (file->size - checked) }, (Bytes){ map->data, (uint32_t) map->size });
        memcpy(file->data + checked - sizeof(crc), &crc, sizeof(crc));
        return 0;
}

/* In place of what was there. */
static int put(Resume *r, const Text *map) {
        _cleanup_text_ Text head = TEXT_NULL;
        _cleanup_close_ int fd = -1;
        int e;

        r->head.offset = clock_offset();
        e = resume_format(&head, &r->head, map);
        if (e < 0)
                return e;
        (void) unlinkat(r->dir_fd, NAME_NEW, 0);
        fd = state_file(r->dir_fd, NAME_NEW, O_WRONLY | O_CREAT | O_EXCL);
        e = fd < 0 ? fd : fd_write_all(fd, head.data, head.size);
        if (e >= 0)
                e = fd_write_all(fd, map->data, map->size);
        if (e >= 0 && renameat(r->dir_fd, NAME_NEW, r->dir_fd, RESUME_NAME) < 0)
                e = -errno;
        if (e < 0)
                (void) unlinkat(r->dir_fd, NAME_NEW, 0);
        return e;
}

/* --- start ----------------------------------------------------------------------------------------- */

static int open_directory(void) {
        _cleanup_close_ int fd = state_open_own();

        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? -EBUSY : -errno;
        return TAKE_FD(fd);
}

static void log_disbelief(const char *why) {
        log_warning("map: what the run before has left is not believed, and all is told anew: %s", why);
}

/* What the run before says of itself. */
static void believe(Resume *r, const ResumeHead *before, Bytes map) {
        if (memcmp(before->boot_id, r->head.boot_id, sizeof(before->boot_id)) != 0) {
                r->gap = "boot";
                r->from = before->looked + (uint64_t) before->offset - (uint64_t) clock_offset();
                return;
        }
        r->gap = before->clean ? "stopped" : "crashed";
        r->from = before->looked;
        if (!before->clean || !before->with_map)
                return;
        if (before->version != RESUME_VERSION)
                log_disbelief("another version made it");
        else if (before->collector != r->head.collector)
                log_disbelief("it had another collector");
        else
                r->map = map;
}

static void load(Resume *r) {
        _cleanup_close_ int fd = state_file(r->dir_fd, RESUME_NAME, O_RDONLY);
        ResumeHead before;
        size_t size;
        Bytes map;
        int e;

        if (fd == -ENOENT)
                return;
        r->gap = "crashed";
        e = fd < 0 ? fd : fd_read_all(fd, SIZE_MAX_READ, &r->data, &size);
        if (e >= 0)
                e = resume_parse((Bytes){ r->data, (uint32_t) size }, &before, &map);
        if (e >= 0)
                believe(r, &before, map);
        else
                log_disbelief(e == -EINVAL ? "it is none of ours" : e == -EBADMSG ? "it is damaged" : strerror(-e));
}

void resume_open(Resume *r, const char boot_id[33], unsigned collector) {
        int e;

        *r = RESUME_NULL;
        r->head = (ResumeHead){ .version = RESUME_VERSION, .collector = (uint8_t) collector };
        memcpy(r->head.boot_id, boot_id, sizeof(r->head.boot_id));
        e = r->dir_fd = open_directory();
        if (e >= 0) {
                load(r);
                r->written = r->head.looked = clock_boottime();
                e = put(r, &TEXT_NULL);
        }
        if (e >= 0)
                return;
        log_warning("map: the state directory cannot be used (%s): the next start will tell everything anew",
                    e == -EBUSY ? "another sockauditd uses it" : strerror(-e));
        resume_done(r); /* what cannot be taken away would be believed again and again */
}

void resume_done(Resume *r) {
        free(r->data);
        free(r->namespaces);
        fd_close(r->dir_fd);
        *r = RESUME_NULL;
}

/* Whom they are reached through is found out anew. */
static int load_namespaces(Resume *r, Archive *a, const Netns *own) {
        size_t count = archive_count(a, 0, sizeof(uint64_t) + sizeof(uint32_t));

        r->namespaces = calloc(count + 1, sizeof(Netns));
        if (!r->namespaces)
                return -ENOMEM;
        for (r->namespace_count = 0; r->namespace_count < count; r->namespace_count++) {
                Netns *n = &r->namespaces[r->namespace_count];

                ARCHIVE(a, n->id);
                ARCHIVE(a, n->inode);
                n->pid = n->id == own->id ? 0 : NETNS_NOBODY;
        }
        return a->bad ? -EBADMSG : 0;
}

int resume_ledger(Resume *r, Ledger **ret, const Netns *own, const LedgerOptions *options, const RuleSet *rules, ledger_emit_t emit, void *userdata) {
        Archive a = { .data = r->map.data, .size = r->map.size };
        int e = ledger_new(ret, options, rules, emit, userdata);

        if (e < 0 || !r->map.data)
                return e;
        e = load_namespaces(r, &a, own);
        if (e >= 0)
                e = ledger_restore(*ret, (Bytes){ a.data, (uint32_t) a.size }, clock_boottime());
        r->map = (Bytes){};
        free(r->data);
        r->data = NULL;
        if (e >= 0)
                return 0;
        if (e == -EBADMSG)
                log_disbelief("it cannot be");
        r->namespace_count = 0;
        *ret = ledger_free(*ret);
        return e == -EBADMSG ? ledger_new(ret, options, rules, emit, userdata) : e;
}

/* --- end ------------------------------------------------------------------------------------------- */

void resume_renew(Resume *r, Ledger *l, uint64_t looked, uint64_t interval) {
        int e;

        r->head.looked = looked;
        if (r->dir_fd < 0 || looked < r->written + interval)
                return;
        ledger_flush_processes(l, looked);
        r->written = looked;
        e = put(r, &TEXT_NULL);
        if (e < 0 && r->error == 0)
                log_warning("map: cannot be written: %s", strerror(-e));
        r->error = -e;
}

static int format_map(Text *map, Ledger *l, const Netns *namespaces, size_t count) {
        Archive a = { .out = map };
        size_t kept = 0;

        for (size_t i = 0; i < count; i++)
                kept += netns_has_cookie(namespaces[i].id);
        (void) archive_count(&a, kept, 1);
        for (size_t i = 0; i < count; i++) {
                Netns n = namespaces[i];

                if (!netns_has_cookie(n.id))
                        continue;
                ARCHIVE(&a, n.id);
                ARCHIVE(&a, n.inode);
        }
        return ledger_save(l, map);
}

void resume_save(Resume *r, Ledger *l, const Netns *namespaces, size_t count) {
        _cleanup_text_ Text map = TEXT_NULL;
        int e;

        if (r->dir_fd < 0)
                return;
        r->head.clean = true;
        r->head.with_map = l && format_map(&map, l, namespaces, count) >= 0;
        if (!r->head.with_map)
                text_clear(&map);
        e = put(r, &map);
        if (e < 0)
                log_warning("map: cannot be saved, and the next start will tell everything anew: %s", strerror(-e));
}
