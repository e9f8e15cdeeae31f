#include "CBareTap.h"

#include <time.h>
#include <winscard.h>

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static long say(
    SCARDHANDLE card, DWORD *protocol, const unsigned char *command, size_t length, unsigned char *answer,
    size_t *answer_length) {
    *answer_length = 0;
    if (length == 0) {
        return SCardReconnect(
            card, SCARD_SHARE_EXCLUSIVE, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, SCARD_RESET_CARD, protocol);
    }
    SCARD_IO_REQUEST header = {*protocol, sizeof header};
    DWORD room = YIKA_BARE_ANSWER;
    long status = SCardTransmit(card, &header, command, length, NULL, answer, &room);
    if (status == SCARD_S_SUCCESS) *answer_length = room;
    return status;
}

long yika_bare_tap(
    const char *reader, const unsigned char *commands, const size_t *lengths, size_t count, unsigned char *answers,
    size_t *answer_lengths, long long *nanoseconds) {
    SCARDCONTEXT context;
    SCARDHANDLE card;
    DWORD protocol;
    long status = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context);
    if (status != SCARD_S_SUCCESS) return status;
    status = SCardConnect(
        context, reader, SCARD_SHARE_EXCLUSIVE, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &card, &protocol);
    if (status == SCARD_S_SUCCESS) {
        for (size_t step = 0; step < count && status == SCARD_S_SUCCESS; step++) {
            long long start = nanoseconds ? now() : 0;
            status = say(
                card, &protocol, commands, lengths[step], answers + step * YIKA_BARE_ANSWER, &answer_lengths[step]);
            if (nanoseconds) nanoseconds[step] = now() - start;
            commands += lengths[step];
        }
        SCardDisconnect(card, SCARD_LEAVE_CARD);
    }
    SCardReleaseContext(context);
    return status;
}
