// libusb-1.0, and what of it Swift cannot express: its options are set by a variadic function.
#ifndef YIKA_CUSB_H
#define YIKA_CUSB_H
#include <libusb.h>

// From now on contexts of this process look for no devices and watch none: they need neither udev nor netlink.
static inline int yika_usb_without_discovery(void) {
    return libusb_set_option(NULL, LIBUSB_OPTION_NO_DEVICE_DISCOVERY);
}
#endif
