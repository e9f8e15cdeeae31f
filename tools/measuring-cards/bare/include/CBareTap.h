// A tap by the PC/SC library alone: the floor under ours.
#ifndef YIKA_BARE_TAP_H
#define YIKA_BARE_TAP_H
#include <stddef.h>

// Room for one answer: the longest to a short APDU, 256 bytes and SW1 SW2 (ISO 7816-4).
enum { YIKA_BARE_ANSWER = 258 };

// What a sale writes twice: a record of the journal.
enum { YIKA_BARE_RECORD = 128 };

// Connects to the card in `reader`, sends `count` commands, which lie one after another, and lets go of the card.
//
// A command of length 0 is a re-selection, with no answer. Answer number i is stored from byte i * YIKA_BARE_ANSWER of
// `answers` on, its length in `answer_lengths`. `nanoseconds` gets what each step took, unless it is null.
// With a `file` that is not negative, one record is written there at `offset` and synced before command number
// `intent`, counted from 0, and one behind it after the last command.
// Returns SCARD_S_SUCCESS, or what the first call that failed returned.
long yika_bare_tap(
    const char *reader, const unsigned char *commands, const size_t *lengths, size_t count, unsigned char *answers,
    size_t *answer_lengths, long long *nanoseconds, int file, long long offset, size_t intent);
#endif
