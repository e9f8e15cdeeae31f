#include "CBareTap.h"

#include <string.h>
#include <time.h>
#include <unistd.h>
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

static long append(int file, long long offset) {
    unsigned char record[YIKA_BARE_RECORD];
    memset(record, 0xA5, sizeof record);
    if (pwrite(file, record, sizeof record, offset) != sizeof record) return SCARD_F_INTERNAL_ERROR;
    return fdatasync(file) == 0 ? SCARD_S_SUCCESS : SCARD_F_INTERNAL_ERROR;
}

long yika_bare_tap(
    const char *reader, const unsigned char *commands, const size_t *lengths, size_t count, unsigned char *answers,
    size_t *answer_lengths, long long *nanoseconds, int file, long long offset, size_t intent) {
    SCARDCONTEXT context;
    SCARDHANDLE card;
    DWORD protocol;
    long status = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context);
    if (status != SCARD_S_SUCCESS) return status;
    status = SCardConnect(
        context, reader, SCARD_SHARE_EXCLUSIVE, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &card, &protocol);
    if (status == SCARD_S_SUCCESS) {
        for (size_t step = 0; step < count && status == SCARD_S_SUCCESS; step++) {
            if (file >= 0 && step == intent) status = append(file, offset);
            if (status != SCARD_S_SUCCESS) break;
            long long start = nanoseconds ? now() : 0;
            status = say(
                card, &protocol, commands, lengths[step], answers + step * YIKA_BARE_ANSWER, &answer_lengths[step]);
            if (nanoseconds) nanoseconds[step] = now() - start;
            commands += lengths[step];
        }
        if (file >= 0 && status == SCARD_S_SUCCESS) status = append(file, offset + YIKA_BARE_RECORD);
        SCardDisconnect(card, SCARD_LEAVE_CARD);
    }
    SCardReleaseContext(context);
    return status;
}
