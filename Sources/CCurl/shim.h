// libcurl's option and information calls are variadic, which Swift cannot call: one fixed wrapper per argument type.
#ifndef YIKA_CCURL_H
#define YIKA_CCURL_H
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

static inline CURLcode yika_curl_set_number(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode yika_curl_set_pointer(CURL *handle, CURLoption option, const void *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode yika_curl_set_writer(CURL *handle, size_t (*writer)(char *, size_t, size_t, void *), void *to) {
    CURLcode status = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, writer);
    return status != CURLE_OK ? status : curl_easy_setopt(handle, CURLOPT_WRITEDATA, to);
}
static inline CURLcode yika_curl_set_progress(
    CURL *handle, int (*progress)(void *, curl_off_t, curl_off_t, curl_off_t, curl_off_t), void *to) {
    CURLcode status = curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, progress);
    if (status == CURLE_OK) status = curl_easy_setopt(handle, CURLOPT_XFERINFODATA, to);
    return status != CURLE_OK ? status : curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
}
static inline CURLcode yika_curl_get_number(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}
static inline CURLcode yika_curl_get_text(CURL *handle, CURLINFO info, char **value) {
    return curl_easy_getinfo(handle, info, value);
}
#endif
