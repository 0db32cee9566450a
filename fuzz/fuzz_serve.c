/* Any bytes as the body of a request: a request that keeps its promises, or an error object that is JSON; never a
 * crash. The first byte chooses the endpoint. */
#include "serve/request.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition) abort();
}

static void check_request(const ps_api_request *r) {
    require(r->n >= 1 && r->n <= 128 && r->seed <= INT64_MAX);
    require(isnan(r->temperature) || (r->temperature >= 0 && r->temperature <= 2));
    require(isnan(r->top_p) || (r->top_p > 0 && r->top_p <= 1));
    require(r->chat ? r->n_messages > 0 && r->prompt == NULL : r->prompt != NULL && r->prompt[0] != '\0');
    for (size_t i = 0; i < r->n_messages; i++)
        require(strlen(r->messages[i].role) > 0 &&
                ps_utf8_valid(r->messages[i].content, strlen(r->messages[i].content)) ==
                    strlen(r->messages[i].content));
    for (size_t i = 0; i < r->n_stops; i++)
        require(r->stops[i][0] != '\0');
    for (size_t i = 0; i < r->n_settings; i++)
        require(r->settings[i].value[0] != '\0' && strlen(r->settings[i].value) < 64);
}

static void check_error(const ps_api_error *error) {
    ps_text text = {0};
    require(error->http >= 400 && error->http < 600 && error->message[0] != '\0');
    require(ps_api_error_json(error, &text, NULL) == PS_OK);
    json_t *object = json_loads(text.data, 0, NULL);
    require(object != NULL);
    json_decref(object);
    ps_text_clear(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    ps_api_request request;
    ps_api_error error = {0};
    if (ps_api_request_parse((const char *)data + 1, size - 1, data[0] % 2 == 0, &request, &error)) {
        check_request(&request);
        ps_api_request_clear(&request);
    } else {
        check_error(&error);
    }
    return 0;
}
