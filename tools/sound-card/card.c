// A sound card for tests that misbehaves on command: a plugin of libasound, so that programs meet the real library.
//
//   pcm_type.yikacard { lib "DIR/libyikacard.so" }
//   pcm.NAME { type yikacard  control "/path/control"  played "/path/played.raw"  log "/path/log.jsonl"
//              rate 48000  channels 2  paced 1 }
//
// It plays S16_LE; rate 0 is any from 8,000 to 96,000, channels 0 is one or two. `played` gets every frame that was
// heard, thus none that was dropped. `log` gets {"at": nanoseconds of CLOCK_MONOTONIC, "what": …, "frames": heard since
// it was opened} for open, prepare, start, first (frame heard after a start), underrun, stop, resume and close; stop is
// also what a card says that was pulled, was suspended, or has drained. With paced 1 frames are heard by the clock, and
// an empty buffer is an underrun; with paced 0 all are heard at once, and nothing runs dry. Nothing here has a thread:
// what happens meanwhile is reckoned, with its own time, at the next call or by whoever polls; `played` and `log` are
// complete after drop, drain or close.
//
// The file `control` says what the card does now. It lies in a folder where little else is written, as each change
// there wakes whoever polls.
//   ok                 it plays, as without the file
//   busy               opening fails with EBUSY; an open stream plays on
//   gone               opening fails with ENODEV, and an open stream is dead for ever: state DISCONNECTED, ENODEV
//   suspended          the sound stands, state SUSPENDED, ESTRPIPE. Resuming answers EAGAIN, and preparing ESTRPIPE
//                      (where a kernel makes the caller wait), as long as the word stays; then both work. Opening
//                      works, but the stream cannot be set up, which prepares it
//   suspended-forever  suspended by a sleep that is over, of hardware that cannot resume: resuming fails with ENOSYS,
//                      preparing works, once per change of the file and open stream
//   hang-open          opening, writing or closing does not return before the word changes. The clock runs on, so a
//   hang-write         writer that hung for longer than the buffer lasts finds an underrun
//   hang-close
//   stalled            the clock stands: nothing is heard, nobody is woken, no error
//   slow N             each write takes N ms
//   underrun           the stream has run dry, though there are frames; once per change of the file and open stream
//
// What hardware does otherwise: snd_pcm_info gives a card number; the first frame is heard a little after the start; it
// can often be opened only once; snd_pcm_drain of a card that is pulled meanwhile fails, while here it returns 0 and
// the next call fails. stop_threshold is always the whole buffer.
#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>

#include "control.h"

enum { SECOND = 1000000000 };

// libasound's table of what a stream can be asked, in the order of its pcm_local.h, the same from 1.2.8 to 1.2.16.
enum { OPERATION_PREPARE = 1, OPERATION_STATE = 7, OPERATION_RESUME = 10, OPERATIONS = 30 };
typedef void (*operation)(void);

struct card {
    snd_pcm_ioplug_t io;
    operation operations[OPERATIONS];
    int (*preparing)(snd_pcm_t *stream);  // libasound's own
    struct control control;
    int played, log, timer;
    int changed, watch;  // inotify's file, and its number for the folder of `control`
    bool paced;
    char *ring;
    size_t frame_size;
    uint64_t boundary, avail_min;
    uint64_t written, heard;  // frames since the last prepare
    uint64_t total;  // frames heard since it was opened
    uint64_t epoch;  // when frame 0 was heard, moved by as long as the clock has stood
    uint64_t standing;  // since when it stands; 0: it runs
    unsigned served;  // the change of `control` whose single blow has fallen
    snd_pcm_state_t before;  // the suspend
    bool dead;
};

// Linux takes some 15 ms to close a file of inotify, which no card does; so they are used again.
enum { SPARE = 16 };
static struct {
    pthread_mutex_t mutex;
    int watchers[SPARE], count;
} spare = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

static void note(struct card *card, const char *what, uint64_t at) {
    if (card->log >= 0) {
        dprintf(card->log, "{\"at\":%llu,\"what\":\"%s\",\"frames\":%llu}\n", (unsigned long long)at, what,
                (unsigned long long)card->total);
    }
}

static bool runs(const struct card *card) {
    return card->io.state == SND_PCM_STATE_RUNNING || card->io.state == SND_PCM_STATE_DRAINING;
}

// When the frame after `frames` others is heard; rounded up, so that they are over by then.
static uint64_t time_of(const struct card *card, uint64_t frames) {
    return card->epoch + (frames * SECOND + card->io.rate - 1) / card->io.rate;
}

static void end(struct card *card, snd_pcm_state_t state, const char *what, uint64_t at) {
    if (runs(card)) note(card, what, at);
    snd_pcm_ioplug_set_state(&card->io, state);
}

static void hear(struct card *card, uint64_t until) {
    if (card->heard == 0 && until > 0) note(card, "first", card->epoch);
    while (card->heard < until) {
        uint64_t offset = card->heard % card->io.buffer_size;
        uint64_t frames = until - card->heard;
        if (frames > card->io.buffer_size - offset) frames = card->io.buffer_size - offset;
        ssize_t size = (ssize_t)(frames * card->frame_size);
        if (card->played >= 0 && write(card->played, card->ring + offset * card->frame_size, (size_t)size) != size) {
            perror("sound-card: played");
        }
        card->heard += frames;
        card->total += frames;
    }
}

static void advance(struct card *card, uint64_t time) {
    if (!runs(card)) return;
    if (card->standing) card->epoch += time - card->standing;
    card->standing = card->control.word == STALLED ? time : 0;
    uint64_t reached = card->standing ? card->heard : card->written;
    if (card->paced) reached = (time - card->epoch) * card->io.rate / SECOND;
    bool dry = reached >= card->written;
    hear(card, dry ? card->written : reached);
    if (!dry || card->standing) return;
    uint64_t at = card->paced ? time_of(card, card->written) : time;
    if (card->io.state == SND_PCM_STATE_DRAINING) {
        end(card, SND_PCM_STATE_SETUP, "stop", at);
    } else if (card->paced) {
        end(card, SND_PCM_STATE_XRUN, "underrun", at);
    }
}

static void suspend(struct card *card, uint64_t time) {
    if (card->io.state == SND_PCM_STATE_OPEN || card->io.state == SND_PCM_STATE_SETUP
        || card->io.state == SND_PCM_STATE_SUSPENDED) {
        return;
    }
    card->served = card->control.changes;
    card->before = card->io.state;
    if (!card->standing) card->standing = time;
    end(card, SND_PCM_STATE_SUSPENDED, "stop", time);
}

static void obey(struct card *card, uint64_t time) {
    bool new = card->served != card->control.changes;
    switch (card->control.word) {
    case GONE:
        card->dead = true;
        break;
    case SUSPENDED:
        suspend(card, time);
        break;
    case SUSPENDED_FOREVER:
        if (new) suspend(card, time);
        break;
    case UNDERRUN:
        if (!new || !runs(card)) break;
        card->served = card->control.changes;
        end(card, SND_PCM_STATE_XRUN, "underrun", time);
        break;
    default:
        break;
    }
    if (card->dead) end(card, SND_PCM_STATE_DISCONNECTED, "stop", time);
}

static bool has_room(const struct card *card) {
    return card->written - card->heard + card->avail_min <= card->io.buffer_size;
}

// Wakes whoever polls when the next frames fit, all is drained, or there is an error to learn.
static void arm(struct card *card) {
    struct itimerspec alarm = {0};
    if (runs(card) && !has_room(card)) {
        bool drains = card->io.state == SND_PCM_STATE_DRAINING;
        uint64_t frames = drains ? card->written : card->written + card->avail_min - card->io.buffer_size;
        uint64_t at = time_of(card, frames);
        if (!card->standing) alarm.it_value = (struct timespec){(time_t)(at / SECOND), (long)(at % SECOND)};
    } else if (card->io.state != SND_PCM_STATE_PREPARED || has_room(card)) {
        alarm.it_value.tv_nsec = 1;
    }
    timerfd_settime(card->timer, TFD_TIMER_ABSTIME, &alarm, NULL);
}

// What has happened since the last call.
static void look(struct card *card) {
    control_read(&card->control);
    uint64_t time = now();
    advance(card, time);
    obey(card, time);
    arm(card);
}

static int error_of(snd_pcm_state_t state) {
    switch (state) {
    case SND_PCM_STATE_XRUN: return -EPIPE;
    case SND_PCM_STATE_SUSPENDED: return -ESTRPIPE;
    case SND_PCM_STATE_DISCONNECTED: return -ENODEV;
    default: return 0;
    }
}

static int card_start(snd_pcm_ioplug_t *io) {
    struct card *card = io->private_data;
    if (card->paced && card->written == 0) return -EPIPE;
    card->epoch = now();
    card->standing = 0;
    note(card, "start", card->epoch);
    return 0;
}

static int card_stop(snd_pcm_ioplug_t *io) {
    look(io->private_data);
    end(io->private_data, SND_PCM_STATE_SETUP, "stop", now());
    return 0;
}

static snd_pcm_sframes_t card_pointer(snd_pcm_ioplug_t *io) {
    struct card *card = io->private_data;
    look(card);
    // libasound takes any error for an underrun, and forgets that the card is suspended or gone.
    if (io->state == SND_PCM_STATE_XRUN) return -EPIPE;
    return (snd_pcm_sframes_t)(card->heard % card->boundary);
}

static snd_pcm_sframes_t card_transfer(
    snd_pcm_ioplug_t *io, const snd_pcm_channel_area_t *areas, snd_pcm_uframes_t offset, snd_pcm_uframes_t size) {
    struct card *card = io->private_data;
    control_hang(&card->control, HANG_WRITE);
    if (card->control.word == SLOW) usleep(card->control.milliseconds * 1000);
    look(card);
    int error = error_of(io->state);
    if (error < 0) return error;
    const char *from = (const char *)areas->addr + areas->first / 8 + offset * card->frame_size;
    for (snd_pcm_uframes_t done = 0; done < size;) {
        uint64_t place = card->written % io->buffer_size;
        snd_pcm_uframes_t frames = size - done;
        if (frames > io->buffer_size - place) frames = io->buffer_size - place;
        memcpy(card->ring + place * card->frame_size, from + done * card->frame_size, frames * card->frame_size);
        card->written += frames;
        done += frames;
    }
    look(card);
    return (snd_pcm_sframes_t)size;
}

static int card_hw_params(snd_pcm_ioplug_t *io, snd_pcm_hw_params_t *params) {
    (void)params;
    struct card *card = io->private_data;
    look(card);
    if (card->dead) return -ENODEV;
    card->frame_size = 2 * io->channels;
    card->written = card->heard = 0;
    char *ring = realloc(card->ring, io->buffer_size * card->frame_size);
    if (!ring) return -ENOMEM;
    card->ring = ring;
    return 0;
}

static int card_sw_params(snd_pcm_ioplug_t *io, snd_pcm_sw_params_t *params) {
    struct card *card = io->private_data;
    snd_pcm_uframes_t boundary = 0, avail_min = 0;
    snd_pcm_sw_params_get_boundary(params, &boundary);
    snd_pcm_sw_params_get_avail_min(params, &avail_min);
    card->boundary = boundary;
    card->avail_min = avail_min < io->buffer_size ? avail_min : io->buffer_size;
    return 0;
}

static int card_prepare(snd_pcm_ioplug_t *io) {
    struct card *card = io->private_data;
    card->written = card->heard = card->standing = 0;
    note(card, "prepare", now());
    return 0;
}

static int card_delay(snd_pcm_ioplug_t *io, snd_pcm_sframes_t *delay) {
    struct card *card = io->private_data;
    look(card);
    *delay = (snd_pcm_sframes_t)(card->written - card->heard);
    return error_of(io->state);
}

static int card_poll_count(snd_pcm_ioplug_t *io) {
    (void)io;
    return 2;
}

static int card_poll(snd_pcm_ioplug_t *io, struct pollfd *files, unsigned space) {
    struct card *card = io->private_data;
    if (space < 2) return -EINVAL;
    look(card);
    files[0] = (struct pollfd){.fd = card->timer, .events = POLLIN};
    files[1] = (struct pollfd){.fd = card->changed, .events = POLLIN};
    return 2;
}

static int card_polled(snd_pcm_ioplug_t *io, struct pollfd *files, unsigned count, unsigned short *events) {
    (void)files, (void)count;
    struct card *card = io->private_data;
    char heap[4096];
    while (read(card->changed, heap, sizeof heap) > 0) {}
    look(card);
    bool broken = !runs(card) && io->state != SND_PCM_STATE_PREPARED;
    *events = broken ? POLLERR | POLLOUT : has_room(card) ? POLLOUT : 0;
    return 0;
}

static void unwatch_folder(struct card *card) {
    inotify_rm_watch(card->changed, card->watch);
    pthread_mutex_lock(&spare.mutex);
    bool kept = spare.count < SPARE;
    if (kept) spare.watchers[spare.count++] = card->changed;
    pthread_mutex_unlock(&spare.mutex);
    if (!kept) close(card->changed);
}

static int card_close(snd_pcm_ioplug_t *io) {
    struct card *card = io->private_data;
    control_hang(&card->control, HANG_CLOSE);
    note(card, "close", now());
    unwatch_folder(card);
    const int files[] = {card->played, card->log, card->timer};
    for (size_t index = 0; index < sizeof files / sizeof *files; index++) {
        if (files[index] >= 0) close(files[index]);
    }
    free(card->ring);
    free(card->control.path);
    free(card);
    return 0;
}

static const snd_pcm_ioplug_callback_t callbacks = {
    .start = card_start, .stop = card_stop, .pointer = card_pointer, .transfer = card_transfer, .close = card_close,
    .hw_params = card_hw_params, .sw_params = card_sw_params, .prepare = card_prepare, .delay = card_delay,
    .poll_descriptors_count = card_poll_count, .poll_descriptors = card_poll, .poll_revents = card_polled,
};

// Where a stream of libasound keeps its table of operations: it is followed twice by the stream that they are done to.
static operation **table(snd_pcm_t *stream) {
    void **words = (void **)stream;
    for (size_t index = 8; index < 72; index++) {
        if (words[index + 1] == stream && words[index + 2] == stream) return (operation **)&words[index];
    }
    return NULL;
}

static struct card *card_of(snd_pcm_t *stream) {
    return (struct card *)((char *)*table(stream) - offsetof(struct card, operations));
}

static snd_pcm_state_t state(snd_pcm_t *stream) {
    struct card *card = card_of(stream);
    look(card);
    return card->io.state;
}

static int resume(snd_pcm_t *stream) {
    struct card *card = card_of(stream);
    look(card);
    if (card->dead) return -ENODEV;
    if (card->io.state != SND_PCM_STATE_SUSPENDED) return -EBADFD;
    if (card->control.word == SUSPENDED) return -EAGAIN;
    if (card->control.word == SUSPENDED_FOREVER) return -ENOSYS;
    snd_pcm_ioplug_set_state(&card->io, card->before);
    note(card, "resume", now());
    return 0;
}

static int prepare(snd_pcm_t *stream) {
    struct card *card = card_of(stream);
    look(card);
    if (card->dead) return -ENODEV;
    if (card->control.word == SUSPENDED) return -ESTRPIPE;
    return card->preparing(stream);
}

// libasound (1.2.8 to 1.2.16) does for its plugins, without asking them, what hardware is asked: the state is the one
// that it last saw, resuming always succeeds, and preparing forgets all positions even when it fails.
static int take_over(struct card *card) {
    operation **place = table(card->io.pcm);
    if (!place) {
        fprintf(stderr, "sound-card: libasound %s is built in another way\n", snd_asoundlib_version());
        return -EINVAL;
    }
    memcpy(card->operations, *place, sizeof card->operations);
    card->preparing = (int (*)(snd_pcm_t *))card->operations[OPERATION_PREPARE];
    card->operations[OPERATION_PREPARE] = (operation)prepare;
    card->operations[OPERATION_STATE] = (operation)state;
    card->operations[OPERATION_RESUME] = (operation)resume;
    *place = card->operations;
    return 0;
}

static int constrain(snd_pcm_ioplug_t *io, unsigned rate, unsigned channels) {
    // ALSA's converters write by way of mapped memory.
    static const unsigned access[] = {SND_PCM_ACCESS_RW_INTERLEAVED, SND_PCM_ACCESS_MMAP_INTERLEAVED};
    static const unsigned format[] = {SND_PCM_FORMAT_S16_LE};
    int error = snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_ACCESS, 2, access);
    if (error == 0) error = snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_FORMAT, 1, format);
    const unsigned limits[][3] = {
        {SND_PCM_IOPLUG_HW_RATE, rate ? rate : 8000, rate ? rate : 96000},
        {SND_PCM_IOPLUG_HW_CHANNELS, channels ? channels : 1, channels ? channels : 2},
        {SND_PCM_IOPLUG_HW_PERIOD_BYTES, 128, 128 * 1024},
        {SND_PCM_IOPLUG_HW_BUFFER_BYTES, 256, 512 * 1024},
        {SND_PCM_IOPLUG_HW_PERIODS, 2, 64},
    };
    for (size_t index = 0; index < sizeof limits / sizeof *limits && error == 0; index++) {
        error = snd_pcm_ioplug_set_param_minmax(io, (int)limits[index][0], limits[index][1], limits[index][2]);
    }
    return error;
}

static void watch_folder(struct card *card, const char *path) {
    pthread_mutex_lock(&spare.mutex);
    card->changed = spare.count > 0 ? spare.watchers[--spare.count] : inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    pthread_mutex_unlock(&spare.mutex);
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash) *slash = 0;
    // The folder, as the file may be replaced by another one.
    card->watch = inotify_add_watch(card->changed, slash ? folder : ".", IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE);
}

struct settings {
    const char *control, *played, *log;
    long rate, channels, paced;
};

static int read_settings(snd_config_t *definition, struct settings *settings) {
    snd_config_iterator_t next, end;
    snd_config_for_each(next, end, definition) {
        snd_config_t *entry = snd_config_iterator_entry(next);
        const char *name;
        int error = snd_config_get_id(entry, &name);
        if (error < 0) return error;
        if (!strcmp(name, "type") || !strcmp(name, "comment") || !strcmp(name, "hint")) continue;
        if (!strcmp(name, "control")) error = snd_config_get_string(entry, &settings->control);
        else if (!strcmp(name, "played")) error = snd_config_get_string(entry, &settings->played);
        else if (!strcmp(name, "log")) error = snd_config_get_string(entry, &settings->log);
        else if (!strcmp(name, "rate")) error = snd_config_get_integer(entry, &settings->rate);
        else if (!strcmp(name, "channels")) error = snd_config_get_integer(entry, &settings->channels);
        else if (!strcmp(name, "paced")) error = snd_config_get_integer(entry, &settings->paced);
        else error = -EINVAL;
        if (error < 0) {
            fprintf(stderr, "sound-card: not understood: %s\n", name);
            return error;
        }
    }
    return settings->control ? 0 : -EINVAL;
}

static int open_appending(const char *path) {
    return path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644) : -1;
}

static int make(
    snd_pcm_t **made, const char *name, int mode, const struct settings *settings, struct control *control) {
    struct card *card = calloc(1, sizeof *card);
    if (!card) return -ENOMEM;
    card->io = (snd_pcm_ioplug_t){
        .version = SND_PCM_IOPLUG_VERSION, .name = "Yika's card for tests", .callback = &callbacks,
        .private_data = card, .flags = SND_PCM_IOPLUG_FLAG_BOUNDARY_WA,
    };
    int error = snd_pcm_ioplug_create(&card->io, name, SND_PCM_STREAM_PLAYBACK, mode);
    if (error < 0) {
        free(card);
        return error;
    }
    // From here on, deleting the stream closes the card, which frees everything.
    card->control = *control;
    *control = (struct control){0};
    card->paced = settings->paced != 0;
    card->boundary = 1;  // until it is told
    card->played = open_appending(settings->played);
    card->log = open_appending(settings->log);
    card->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    watch_folder(card, settings->control);
    note(card, "open", now());
    error = constrain(&card->io, (unsigned)settings->rate, (unsigned)settings->channels);
    if (error == 0) error = take_over(card);
    if (error < 0) {
        snd_pcm_ioplug_delete(&card->io);
        return error;
    }
    *made = card->io.pcm;
    return 0;
}

__attribute__((visibility("default"))) SND_PCM_PLUGIN_DEFINE_FUNC(yikacard) {
    (void)root;
    struct settings settings = {.paced = 1};
    int error = read_settings(conf, &settings);
    if (error < 0) return error;
    if (stream != SND_PCM_STREAM_PLAYBACK) return -EINVAL;
    struct control control = {.path = strdup(settings.control)};
    control_hang(&control, HANG_OPEN);
    if (control.word == BUSY) error = -EBUSY;
    else if (control.word == GONE) error = -ENODEV;
    else error = make(pcmp, name, mode, &settings, &control);
    free(control.path);
    return error;
}

__attribute__((visibility("default"))) SND_PCM_PLUGIN_SYMBOL(yikacard)
