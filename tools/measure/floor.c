// The floors of `tools/bench footprint`: a program that is linked with what the daemon is linked with, and does next to
// nothing.
//   floor sleep   sleeps until it is killed
//   floor card    prints the time when it has seen a card on any reader, in nanoseconds since boot, and ends
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <winscard.h>

static int card(void) {
    SCARDCONTEXT context;
    SCARD_READERSTATE readers[16];
    char names[1024];
    DWORD size = sizeof names, count = 0;
    if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context) != SCARD_S_SUCCESS) return 1;
    if (SCardListReaders(context, NULL, names, &size) != SCARD_S_SUCCESS) return 1;
    memset(readers, 0, sizeof readers);
    for (char *name = names; *name != 0 && count < 16; name += strlen(name) + 1) readers[count++].szReader = name;
    while (SCardGetStatusChange(context, INFINITE, readers, count) == SCARD_S_SUCCESS) {
        for (DWORD reader = 0; reader < count; reader++) {
            if (readers[reader].dwEventState & SCARD_STATE_PRESENT) {
                struct timespec now;
                clock_gettime(CLOCK_BOOTTIME, &now);
                printf("%lld\n", now.tv_sec * 1000000000LL + now.tv_nsec);
                return 0;
            }
            readers[reader].dwCurrentState = readers[reader].dwEventState;
        }
    }
    return 1;
}

int main(int count, char **words) {
    if (count == 2 && strcmp(words[1], "card") == 0) return card();
    if (count == 2 && strcmp(words[1], "sleep") == 0) return pause();
    return 64;
}
