// The mixer of the sound card for tests: one volume, one switch.
//
//   ctl_type.yikacard { lib "DIR/libyikacard.so" }
//   ctl.NAME { type yikacard  state "/path/mixer.json"  control "/path/control"
//              element "Master"  decibels 1  switch 1 }
//
// The volume has 65 steps, from −64 dB to 0 dB; decibels 0 keeps from programs what the steps mean, switch 0 leaves the
// switch out. Each write makes `state` anew: {"volume":n,"switch":true}. Whoever opens the mixer finds what is written
// there, or the loudest. It lasts, as a card's does, when nobody has it open.
//
// Of the words in `control` only `gone` concerns it: ENODEV. A card that hangs may hang its mixer too; this one
// does not.
#include <alsa/asoundlib.h>
#include <alsa/control_external.h>
#include <stdbool.h>

#include "control.h"

enum { STEPS = 64, VOLUME = 0, SWITCH = 1 };

struct mixer {
    snd_ctl_ext_t ext;
    struct control control;
    char *state;
    char names[2][44];
    long values[2];
    bool decibels, has_switch;
};

static const unsigned scale[] = {SND_CTL_TLVT_DB_SCALE, 2 * sizeof(unsigned), (unsigned)(-100 * STEPS), 100};

static void load(struct mixer *mixer) {
    FILE *file = fopen(mixer->state, "re");
    if (!file) return;
    long volume;
    char on[6] = "";
    if (fscanf(file, "{\"volume\":%ld,\"switch\":%5[a-z]", &volume, on) == 2) {
        mixer->values[VOLUME] = volume;
        mixer->values[SWITCH] = strcmp(on, "true") == 0;
    }
    fclose(file);
}

static int save(const struct mixer *mixer) {
    char unfinished[4096];
    snprintf(unfinished, sizeof unfinished, "%s.%d", mixer->state, getpid());
    FILE *file = fopen(unfinished, "we");
    if (!file) return -errno;
    fprintf(file, "{\"volume\":%ld,\"switch\":%s}\n", mixer->values[VOLUME], mixer->values[SWITCH] ? "true" : "false");
    fclose(file);
    return rename(unfinished, mixer->state) == 0 ? 0 : -errno;
}

static int elem_count(snd_ctl_ext_t *ext) {
    const struct mixer *mixer = ext->private_data;
    return mixer->has_switch ? 2 : 1;
}

static int elem_list(snd_ctl_ext_t *ext, unsigned offset, snd_ctl_elem_id_t *id) {
    const struct mixer *mixer = ext->private_data;
    if ((int)offset >= elem_count(ext)) return -EINVAL;
    snd_ctl_elem_id_set_interface(id, SND_CTL_ELEM_IFACE_MIXER);
    snd_ctl_elem_id_set_name(id, mixer->names[offset]);
    return 0;
}

static snd_ctl_ext_key_t find_elem(snd_ctl_ext_t *ext, const snd_ctl_elem_id_t *id) {
    const struct mixer *mixer = ext->private_data;
    for (int key = 0; key < elem_count(ext); key++) {
        if (strcmp(snd_ctl_elem_id_get_name(id), mixer->names[key]) == 0) return (snd_ctl_ext_key_t)key;
    }
    return SND_CTL_EXT_KEY_NOT_FOUND;
}

static int get_attribute(snd_ctl_ext_t *ext, snd_ctl_ext_key_t key, int *type, unsigned *access, unsigned *count) {
    const struct mixer *mixer = ext->private_data;
    *type = key == VOLUME ? SND_CTL_ELEM_TYPE_INTEGER : SND_CTL_ELEM_TYPE_BOOLEAN;
    *access = SND_CTL_EXT_ACCESS_READWRITE;
    if (key == VOLUME && mixer->decibels) *access |= SND_CTL_EXT_ACCESS_TLV_READ;
    *count = 1;
    return 0;
}

static int get_integer_info(snd_ctl_ext_t *ext, snd_ctl_ext_key_t key, long *least, long *most, long *step) {
    (void)ext, (void)key;
    *least = 0;
    *most = STEPS;
    *step = 1;
    return 0;
}

static int read_integer(snd_ctl_ext_t *ext, snd_ctl_ext_key_t key, long *value) {
    struct mixer *mixer = ext->private_data;
    control_read(&mixer->control);
    if (mixer->control.word == GONE) return -ENODEV;
    load(mixer);
    *value = mixer->values[key];
    return 0;
}

static int write_integer(snd_ctl_ext_t *ext, snd_ctl_ext_key_t key, long *value) {
    struct mixer *mixer = ext->private_data;
    control_read(&mixer->control);
    if (mixer->control.word == GONE) return -ENODEV;
    if (*value < 0 || *value > (key == VOLUME ? STEPS : 1)) return -EINVAL;
    load(mixer);
    mixer->values[key] = *value;
    int error = save(mixer);
    return error < 0 ? error : 1;
}

static int read_event(snd_ctl_ext_t *ext, snd_ctl_elem_id_t *id, unsigned *mask) {
    (void)ext, (void)id, (void)mask;
    return -EAGAIN;
}

static void discard(struct mixer *mixer) {
    free(mixer->control.path);
    free(mixer->state);
    free(mixer);
}

static void mixer_close(snd_ctl_ext_t *ext) { discard(ext->private_data); }

static const snd_ctl_ext_callback_t callbacks = {
    .close = mixer_close, .elem_count = elem_count, .elem_list = elem_list, .find_elem = find_elem,
    .get_attribute = get_attribute, .get_integer_info = get_integer_info, .read_integer = read_integer,
    .write_integer = write_integer, .read_event = read_event,
};

struct settings {
    const char *control, *state, *element;
    long decibels, has_switch;
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
        else if (!strcmp(name, "state")) error = snd_config_get_string(entry, &settings->state);
        else if (!strcmp(name, "element")) error = snd_config_get_string(entry, &settings->element);
        else if (!strcmp(name, "decibels")) error = snd_config_get_integer(entry, &settings->decibels);
        else if (!strcmp(name, "switch")) error = snd_config_get_integer(entry, &settings->has_switch);
        else error = -EINVAL;
        if (error < 0) {
            fprintf(stderr, "sound-card: not understood: %s\n", name);
            return error;
        }
    }
    return settings->control && settings->state ? 0 : -EINVAL;
}

static struct mixer *make(const struct settings *settings) {
    struct mixer *mixer = calloc(1, sizeof *mixer);
    if (!mixer) return NULL;
    mixer->ext = (snd_ctl_ext_t){
        .version = SND_CTL_EXT_VERSION, .card_idx = -1, .id = "yika", .driver = "yikacard", .name = "Yika",
        .longname = "Yika's card for tests", .mixername = "Yika", .poll_fd = -1, .callback = &callbacks,
        .private_data = mixer, .tlv.p = scale,
    };
    mixer->control.path = strdup(settings->control);
    mixer->state = strdup(settings->state);
    mixer->values[VOLUME] = STEPS;
    mixer->values[SWITCH] = 1;
    mixer->decibels = settings->decibels != 0;
    mixer->has_switch = settings->has_switch != 0;
    snprintf(mixer->names[VOLUME], sizeof mixer->names[VOLUME], "%.20s Playback Volume", settings->element);
    snprintf(mixer->names[SWITCH], sizeof mixer->names[SWITCH], "%.20s Playback Switch", settings->element);
    return mixer;
}

__attribute__((visibility("default"))) SND_CTL_PLUGIN_DEFINE_FUNC(yikacard) {
    (void)root;
    struct settings settings = {.element = "Master", .decibels = 1, .has_switch = 1};
    int error = read_settings(conf, &settings);
    if (error < 0) return error;
    struct mixer *mixer = make(&settings);
    if (!mixer) return -ENOMEM;
    control_read(&mixer->control);
    error = mixer->control.word == GONE ? -ENODEV : snd_ctl_ext_create(&mixer->ext, name, mode);
    if (error < 0) {
        discard(mixer);
        return error;
    }
    *handlep = mixer->ext.handle;
    return 0;
}

__attribute__((visibility("default"))) SND_CTL_PLUGIN_SYMBOL(yikacard)
