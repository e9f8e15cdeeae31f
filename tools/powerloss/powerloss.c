// A file system in memory that loses, when its power is cut, what a disk may lose: everything that was not synced.
//
//   powerloss MOUNTPOINT      serves until it is unmounted; prints "ready" once operations are answered
//
// One flat directory, because a journal is one. Each file has the bytes that programs see and the bytes that the medium
// keeps, and a mark for each sector in which they may differ; each name has the file that programs see under it and the
// one that the medium keeps. Syncing a file makes its bytes and length durable, syncing the directory makes names
// durable, and nothing else does. That is less than ext4 or XFS promise, and all that a journal may rely on.
//
// The power is worked by an extended attribute of the root, since that needs no name in the directory:
//   setfattr -n user.power -v "cut SEED AFTER"   the power goes during the operation number AFTER from now; 0: now
//   setfattr -n user.power -v "kill SEED AFTER"  whoever asks for that operation is killed instead, as by kill -9
//   setfattr -n user.power -v "restore"          the power comes back (it is cut first, if it is still on)
//   getfattr -n user.power                       "on|off TORN", the latter being sectors that the last cut tore inside
// Between the two every operation fails with EIO, also through files that were opened before.
#define FUSE_USE_VERSION 35
#define _GNU_SOURCE
#include <errno.h>
#include <fuse_lowlevel.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { SECTOR = 512, NAMES = 256, NAME_SIZE = 256 };

struct file {
    fuse_ino_t number;
    uint64_t lookups;  // references that the kernel holds; a file without names lives on while somebody has it open
    uint8_t *seen, *kept, *dirty;  // all of `capacity` bytes or sectors; zeros beyond the lengths
    size_t seen_size, kept_size, capacity;
    struct file *next;
};

struct name {
    char text[NAME_SIZE];
    struct file *seen, *kept;  // the entry is free when both are none
};

static struct file *files;
static struct name names[NAMES];
static fuse_ino_t last_number = FUSE_ROOT_ID;

static struct {
    bool off;
    bool kills;  // what is planned is the end of the process, not of the power
    uint64_t left;  // operations until then; 0: nothing is planned
    uint64_t torn;
    uint64_t boot;  // rises with every restoring: whatever was opened under another one is dead
    uint64_t random;
} power = {.boot = 1};

// SplitMix64 of Steele, Lea and Flood, as in the project's simulator: one seed repeats a cut.
static uint64_t draw(uint64_t below) {
    uint64_t mixed = power.random += 0x9E3779B97F4A7C15;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB;
    return (mixed ^ mixed >> 31) % below;
}

static void *allocate(void *old, size_t size) {
    void *memory = realloc(old, size);
    if (!memory) abort();  // half a file system would only tell lies
    return memory;
}

// ---- files and names ------------------------------------------------------------------------------------------------

static struct file *find_file(fuse_ino_t number) {
    struct file *file = files;
    while (file && file->number != number) file = file->next;
    return file;
}

static struct file *make_file(void) {
    struct file *file = calloc(1, sizeof *file);
    if (!file) abort();
    file->number = ++last_number;
    // At the end: what a cut does to the files must follow from their history alone.
    struct file **end = &files;
    while (*end) end = &(*end)->next;
    return *end = file;
}

static struct name *find_name(const char *text) {
    for (struct name *name = names; name < names + NAMES; name++)
        if ((name->seen || name->kept) && strcmp(name->text, text) == 0) return name;
    return NULL;
}

static struct name *find_or_make_name(const char *text) {
    struct name *name = find_name(text);
    if (name || strlen(text) >= NAME_SIZE) return name;
    for (name = names; name < names + NAMES; name++) {
        if (name->seen || name->kept) continue;
        strcpy(name->text, text);
        return name;
    }
    return NULL;
}

static unsigned count_names(const struct file *file, bool also_kept) {
    unsigned count = 0;
    for (struct name *name = names; name < names + NAMES; name++)
        count += name->seen == file || (also_kept && name->kept == file);
    return count;
}

// Frees files that nobody can reach any more: not by a name, not after a power cut, not by having them open.
static void collect(void) {
    for (struct file **link = &files; *link;) {
        struct file *file = *link;
        if (file->lookups || count_names(file, true)) {
            link = &file->next;
            continue;
        }
        *link = file->next;
        free(file->seen), free(file->kept), free(file->dirty), free(file);
    }
}

static void reserve(struct file *file, size_t size) {
    if (size <= file->capacity) return;
    size_t capacity = file->capacity ? file->capacity : 4096;
    while (capacity < size) capacity *= 2;
    file->seen = allocate(file->seen, capacity);
    file->kept = allocate(file->kept, capacity);
    file->dirty = allocate(file->dirty, capacity / SECTOR);
    memset(file->seen + file->capacity, 0, capacity - file->capacity);
    memset(file->kept + file->capacity, 0, capacity - file->capacity);
    memset(file->dirty + file->capacity / SECTOR, 0, (capacity - file->capacity) / SECTOR);
    file->capacity = capacity;
}

static void mark_dirty(struct file *file, size_t from, size_t to) {
    for (size_t sector = from / SECTOR; sector * SECTOR < to; sector++) file->dirty[sector] = 1;
}

static void put(struct file *file, const char *bytes, size_t count, size_t offset) {
    if (count == 0) return;
    reserve(file, offset + count);
    memcpy(file->seen + offset, bytes, count);
    mark_dirty(file, offset, offset + count);
    if (file->seen_size < offset + count) file->seen_size = offset + count;
}

static void resize(struct file *file, size_t size) {
    reserve(file, size);
    if (size < file->seen_size) {
        memset(file->seen + size, 0, file->seen_size - size);
        mark_dirty(file, size, file->seen_size);
    }
    file->seen_size = size;
}

static void sync_file(struct file *file) {
    for (size_t sector = 0; sector < file->capacity / SECTOR; sector++)
        if (file->dirty[sector]) memcpy(file->kept + sector * SECTOR, file->seen + sector * SECTOR, SECTOR);
    memset(file->dirty, 0, file->capacity / SECTOR);
    file->kept_size = file->seen_size;
}

static void sync_names(void) {
    for (struct name *name = names; name < names + NAMES; name++) name->kept = name->seen;
}

// ---- power ----------------------------------------------------------------------------------------------------------

enum moment { RUNNING, DYING, DEAD };

// Counts an operation that changes something. The one that the cut or the kill falls into may be done, in part or not
// at all, but is not answered for.
static enum moment begin(fuse_req_t request) {
    if (power.off) return DEAD;
    if (power.left == 0 || --power.left > 0) return RUNNING;
    if (power.kills) kill(fuse_req_ctx(request)->pid, SIGKILL);
    else power.off = true;
    return DYING;
}

static bool is_done(enum moment moment) { return moment == RUNNING || (moment == DYING && draw(2)); }

static int answer(enum moment moment) { return moment == RUNNING ? 0 : EIO; }

// What the medium holds of a file: of each unsynced sector the old bytes, the new ones, or rarely some of both.
static void settle_file(struct file *file, uint64_t share) {
    for (size_t sector = 0; sector < file->capacity / SECTOR; sector++) {
        uint8_t *seen = file->seen + sector * SECTOR, *kept = file->kept + sector * SECTOR;
        if (!file->dirty[sector] || memcmp(seen, kept, SECTOR) == 0) continue;
        if (draw(16) == 0) {
            size_t cut = 1 + draw(SECTOR - 1);
            if (draw(2)) memcpy(kept, seen, cut); else memcpy(kept + cut, seen + cut, SECTOR - cut);
            power.torn++;
        } else if (draw(16) < share) {
            memcpy(kept, seen, SECTOR);
        }
    }
    if (file->kept_size != file->seen_size) {
        size_t low = file->kept_size < file->seen_size ? file->kept_size : file->seen_size;
        size_t high = file->kept_size + file->seen_size - low;
        uint64_t choice = draw(3);
        // A file that was growing may have got somewhere in between, by whole sectors.
        size_t between = low + draw(high - low + 1) / SECTOR * SECTOR;
        file->kept_size = choice == 0 ? file->kept_size : choice == 1 ? file->seen_size : between;
    }
    memset(file->kept + file->kept_size, 0, file->capacity - file->kept_size);
    memcpy(file->seen, file->kept, file->capacity);
    memset(file->dirty, 0, file->capacity / SECTOR);
    file->seen_size = file->kept_size;
}

static void restore(void) {
    static const uint64_t shares[] = {0, 8, 14, 16};
    // By itself each sector's coin would hardly ever let nothing through, or all but one.
    uint64_t share = shares[draw(4)];
    power.torn = 0;
    for (struct name *name = names; name < names + NAMES; name++) {
        if (name->seen == name->kept) continue;
        if (draw(16) < share) name->kept = name->seen;
        name->seen = name->kept;
    }
    for (struct file *file = files; file; file = file->next) settle_file(file, share);
    power.off = false;
    power.left = 0;
    power.boot++;
    collect();
}

// Whether this file may still be worked through this handle.
static struct file *opened(fuse_ino_t number, const struct fuse_file_info *info) {
    return !power.off && info->fh == power.boot ? find_file(number) : NULL;
}

static void plan(bool kills, uint64_t seed, uint64_t after) {
    power.kills = kills;
    power.random = seed;
    power.left = after;
}

static void op_setxattr(fuse_req_t request, fuse_ino_t number, const char *key, const char *value, size_t size,
                        int flags) {
    (void)flags;
    char text[64] = "";
    unsigned long long seed, after;
    if (number != FUSE_ROOT_ID || strcmp(key, "user.power") || size >= sizeof text) {
        fuse_reply_err(request, EOPNOTSUPP);
        return;
    }
    memcpy(text, value, size);
    if (strcmp(text, "restore") == 0) {
        restore();
    } else if (sscanf(text, "cut %llu %llu", &seed, &after) == 2) {
        plan(false, seed, after);
        if (after == 0) power.off = true;
    } else if (sscanf(text, "kill %llu %llu", &seed, &after) == 2) {
        plan(true, seed, after);
    } else {
        fuse_reply_err(request, EINVAL);
        return;
    }
    fuse_reply_err(request, 0);
}

static void op_getxattr(fuse_req_t request, fuse_ino_t number, const char *key, size_t size) {
    char text[32];
    if (number != FUSE_ROOT_ID || strcmp(key, "user.power")) {
        fuse_reply_err(request, ENODATA);
        return;
    }
    int length = snprintf(text, sizeof text, "%s %llu", power.off ? "off" : "on", (unsigned long long)power.torn);
    if (size == 0) fuse_reply_xattr(request, length);
    else if (size < (size_t)length) fuse_reply_err(request, ERANGE);
    else fuse_reply_buf(request, text, length);
}

// ---- reading --------------------------------------------------------------------------------------------------------

static struct stat attributes(const struct file *file) {
    struct stat status = {.st_ino = FUSE_ROOT_ID, .st_mode = S_IFDIR | 0700, .st_nlink = 2};
    if (file) {
        status.st_ino = file->number;
        status.st_mode = S_IFREG | 0600;
        status.st_nlink = count_names(file, false);
        status.st_size = file->seen_size;
        status.st_blocks = (file->seen_size + SECTOR - 1) / SECTOR;
    }
    status.st_uid = getuid();
    status.st_gid = getgid();
    return status;
}

// Timeouts of 0: after a power cut a name may mean another file, and the kernel must not remember.
static struct fuse_entry_param entry(struct file *file) {
    file->lookups++;
    return (struct fuse_entry_param){.ino = file->number, .generation = 1, .attr = attributes(file)};
}

static void op_lookup(fuse_req_t request, fuse_ino_t parent, const char *text) {
    (void)parent;
    struct name *name = find_name(text);
    if (power.off || !name || !name->seen) {
        fuse_reply_err(request, power.off ? EIO : ENOENT);
        return;
    }
    struct fuse_entry_param found = entry(name->seen);
    fuse_reply_entry(request, &found);
}

static void op_forget(fuse_req_t request, fuse_ino_t number, uint64_t count) {
    struct file *file = find_file(number);
    if (file) {
        file->lookups -= count;
        if (file->lookups == 0) collect();
    }
    fuse_reply_none(request);
}

static void op_getattr(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info) {
    (void)info;
    struct file *file = find_file(number);
    if (number != FUSE_ROOT_ID && (power.off || !file)) {
        fuse_reply_err(request, EIO);
        return;
    }
    struct stat status = attributes(file);
    fuse_reply_attr(request, &status, 0);
}

static void op_open(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info) {
    info->fh = power.boot;
    // Past the page cache: every read and write is answered here, where it is known what is durable.
    info->direct_io = number != FUSE_ROOT_ID;
    if (power.off) fuse_reply_err(request, EIO);
    else fuse_reply_open(request, info);
}

static void op_read(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset, struct fuse_file_info *info) {
    struct file *file = opened(number, info);
    if (!file) {
        fuse_reply_err(request, EIO);
        return;
    }
    size_t start = (size_t)offset < file->seen_size ? (size_t)offset : file->seen_size;
    size_t count = size < file->seen_size - start ? size : file->seen_size - start;
    fuse_reply_buf(request, (char *)file->seen + start, count);
}

// An entry keeps its place while it has its name, so a listing that goes on after a change misses and doubles nothing.
static void op_readdir(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset, struct fuse_file_info *info) {
    (void)number;
    if (power.off || info->fh != power.boot) {
        fuse_reply_err(request, EIO);
        return;
    }
    char *buffer = allocate(NULL, size);
    size_t used = 0;
    for (size_t place = offset; place < NAMES; place++) {
        if (!names[place].seen) continue;
        struct stat status = attributes(names[place].seen);
        size_t more = fuse_add_direntry(request, buffer + used, size - used, names[place].text, &status, place + 1);
        if (more > size - used) break;
        used += more;
    }
    fuse_reply_buf(request, buffer, used);
    free(buffer);
}

// ---- changing -------------------------------------------------------------------------------------------------------

static void op_create(fuse_req_t request, fuse_ino_t parent, const char *text, mode_t mode,
                      struct fuse_file_info *info) {
    (void)parent, (void)mode;
    enum moment moment = begin(request);
    struct name *name = is_done(moment) ? find_or_make_name(text) : NULL;
    if (!name) {
        fuse_reply_err(request, moment == RUNNING ? ENOSPC : EIO);
        return;
    }
    if (!name->seen) name->seen = make_file();
    if (moment != RUNNING) {
        fuse_reply_err(request, EIO);
        return;
    }
    info->fh = power.boot;
    info->direct_io = 1;
    struct fuse_entry_param made = entry(name->seen);
    fuse_reply_create(request, &made, info);
}

// How much of a write happens that the cut or the kill falls into: whole sectors, as with any disk. Tears inside one are
// dealt out, and counted, when the power comes back.
static size_t cut_short(size_t size, off_t offset) {
    size_t part = draw(size + 1), over = ((size_t)offset + part) % SECTOR;
    return part == size ? size : part > over ? part - over : 0;
}

static void op_write(fuse_req_t request, fuse_ino_t number, const char *bytes, size_t size, off_t offset,
                     struct fuse_file_info *info) {
    struct file *file = opened(number, info);
    enum moment moment = file ? begin(request) : DEAD;
    if (moment == RUNNING) put(file, bytes, size, offset);
    if (moment == DYING) put(file, bytes, cut_short(size, offset), offset);
    if (moment == RUNNING) fuse_reply_write(request, size);
    else fuse_reply_err(request, EIO);
}

static void op_setattr(fuse_req_t request, fuse_ino_t number, struct stat *wanted, int which,
                       struct fuse_file_info *info) {
    struct file *file = info ? opened(number, info) : power.off ? NULL : find_file(number);
    enum moment moment = file ? begin(request) : DEAD;
    if (file && (which & FUSE_SET_ATTR_SIZE) && is_done(moment)) resize(file, wanted->st_size);
    if (moment != RUNNING) {
        fuse_reply_err(request, EIO);
        return;
    }
    struct stat status = attributes(file);
    fuse_reply_attr(request, &status, 0);
}

static void op_fsync(fuse_req_t request, fuse_ino_t number, int only_data, struct fuse_file_info *info) {
    (void)only_data;  // the only other thing is the length, and fdatasync makes that durable too
    struct file *file = opened(number, info);
    enum moment moment = file ? begin(request) : DEAD;
    if (is_done(moment)) sync_file(file);
    fuse_reply_err(request, answer(moment));
}

static void op_fsyncdir(fuse_req_t request, fuse_ino_t number, int only_data, struct fuse_file_info *info) {
    (void)number, (void)only_data;
    enum moment moment = info->fh == power.boot ? begin(request) : DEAD;
    if (is_done(moment)) sync_names();
    fuse_reply_err(request, answer(moment));
}

static void op_unlink(fuse_req_t request, fuse_ino_t parent, const char *text) {
    (void)parent;
    struct name *name = find_name(text);
    if (!power.off && (!name || !name->seen)) {
        fuse_reply_err(request, ENOENT);
        return;
    }
    enum moment moment = begin(request);
    if (is_done(moment)) name->seen = NULL;
    fuse_reply_err(request, answer(moment));
}

static void op_rename(fuse_req_t request, fuse_ino_t parent, const char *text, fuse_ino_t new_parent,
                      const char *new_text, unsigned flags) {
    (void)parent, (void)new_parent;
    struct name *from = find_name(text);
    struct name *to = from && from->seen ? find_or_make_name(new_text) : NULL;
    if (!power.off && (!to || flags)) {
        fuse_reply_err(request, flags ? EINVAL : from && from->seen ? ENOSPC : ENOENT);
        return;
    }
    enum moment moment = begin(request);
    // Two names of one file stay as they are: so POSIX has it.
    if (is_done(moment) && to->seen != from->seen) {
        to->seen = from->seen;
        from->seen = NULL;
    }
    fuse_reply_err(request, answer(moment));
}

// Otherwise the kernel would empty a file while opening it, and no change may go uncounted.
static void op_init(void *data, struct fuse_conn_info *connection) {
    (void)data;
    connection->want &= ~FUSE_CAP_ATOMIC_O_TRUNC;
}

// No `flock` here: then the kernel keeps the locks itself, and lets go of them when their process is dead.
static const struct fuse_lowlevel_ops operations = {
    .init = op_init, .lookup = op_lookup, .forget = op_forget, .getattr = op_getattr, .setattr = op_setattr,
    .open = op_open, .opendir = op_open, .read = op_read, .readdir = op_readdir, .create = op_create,
    .write = op_write, .fsync = op_fsync, .fsyncdir = op_fsyncdir, .unlink = op_unlink, .rename = op_rename,
    .setxattr = op_setxattr, .getxattr = op_getxattr,
};

int main(int count, char **words) {
    if (count != 2) {
        fprintf(stderr, "usage: powerloss MOUNTPOINT\n");
        return 64;
    }
    char *options[] = {words[0], "-o", "fsname=powerloss,subtype=powerloss", NULL};
    struct fuse_args arguments = FUSE_ARGS_INIT(3, options);
    struct fuse_session *session = fuse_session_new(&arguments, &operations, sizeof operations, NULL);
    if (!session || fuse_set_signal_handlers(session) || fuse_session_mount(session, words[1])) return 1;
    puts("ready");
    fflush(stdout);
    // One thread: one order of operations, so that a seed means something.
    int result = fuse_session_loop(session);
    fuse_session_unmount(session);
    fuse_session_destroy(session);
    return result != 0;
}
