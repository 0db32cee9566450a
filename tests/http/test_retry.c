/* The rules of trying again, computed a second way: from the table in client.h, written out. */
#include "http/retry.h"
#include "support/check.h"

/* ---- Kinds --------------------------------------------------------------- */

static void every_code_has_its_kind(void **state) {
    (void)state;
    const int busy[] = {408, 429, 502, 503, 504};
    for (int code = 0; code < 1000; code++) {
        ps_http_kind want = PS_HTTP_FINAL;
        if (code / 100 == 2) want = PS_HTTP_GOOD;
        if (code / 100 == 5) want = PS_HTTP_BROKEN;
        for (size_t i = 0; i < sizeof busy / sizeof *busy; i++)
            if (code == busy[i]) want = PS_HTTP_BUSY;
        assert_int_equal(ps_http_kind_of_code(code), want);
    }
}

static void every_failure_of_a_connection_has_its_kind(void **state) {
    (void)state;
    const CURLcode unreached[] = {CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT};
    const CURLcode tls[] = {CURLE_SSL_CONNECT_ERROR,    CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
                            CURLE_SSL_CIPHER,           CURLE_SSL_CACERT_BADFILE,       CURLE_SSL_ISSUER_ERROR,
                            CURLE_SSL_INVALIDCERTSTATUS};
    const CURLcode broken[] = {CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING};
    for (unsigned bits = 0; bits < 8; bits++) {
        bool sent = bits & 1, reused = bits & 2, heard = bits & 4;
        for (size_t i = 0; i < sizeof unreached / sizeof *unreached; i++)
            assert_int_equal(ps_http_kind_of_curl(unreached[i], sent, reused, heard), PS_HTTP_UNREACHED);
        for (size_t i = 0; i < sizeof tls / sizeof *tls; i++)
            assert_int_equal(ps_http_kind_of_curl(tls[i], sent, reused, heard), PS_HTTP_FINAL);
        for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
            assert_int_equal(ps_http_kind_of_curl(broken[i], sent, reused, heard),
                             bits == 2 || bits == 3 ? PS_HTTP_STALE : PS_HTTP_BROKEN);
        assert_int_equal(ps_http_kind_of_curl(CURLE_PARTIAL_FILE, sent, reused, heard), PS_HTTP_BROKEN);
        assert_int_equal(ps_http_kind_of_curl(CURLE_OPERATION_TIMEDOUT, sent, reused, heard),
                         sent ? PS_HTTP_LATE : PS_HTTP_UNREACHED);
        assert_int_equal(ps_http_kind_of_curl(CURLE_OUT_OF_MEMORY, sent, reused, heard), PS_HTTP_NO_MEMORY);
        assert_int_equal(ps_http_kind_of_curl(CURLE_URL_MALFORMAT, sent, reused, heard), PS_HTTP_FINAL);
    }
}

/* ---- Retry-After --------------------------------------------------------- */

static void retry_after_is_a_number_or_a_date(void **state) {
    (void)state;
    const int64_t now = 784111777; /* Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110, section 5.6.7 */
    const struct {
        const char *value;
        double seconds;
    } cases[] = {
        {"0", 0},
        {"7", 7},
        {"1.5", 1.5},
        {"-1", -1},
        {"1000000000", 1e9},
        {"99999999999999999999999999", 1e26},
        {"", -1},
        {"soon", -1},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 0},
        {"Sun, 06 Nov 1994 08:49:47 GMT", 10},
        {"Sunday, 06-Nov-94 08:50:37 GMT", 60},
        {"Sun Nov  6 08:49:38 1994", 1},
        {"Sun, 06 Nov 1994 07:00:00 GMT", 0}, /* gone by */
        {"Sat, 06 Nov 2094 08:49:37 GMT", 36525 * 86400.0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_near(ps_http_retry_after(cases[i].value, now), cases[i].seconds, 1e-9 * fabs(cases[i].seconds));
}

static void pauses_double_up_to_a_bound_and_heed_what_was_asked(void **state) {
    (void)state;
    const double plain[] = {0.5, 1, 2, 4, 8, 16, 30, 30};
    const double asked[] = {-1, 0, 3, 60, 1e9, INFINITY};
    for (unsigned n = 1; n <= 8; n++)
        for (size_t a = 0; a < sizeof asked / sizeof *asked; a++)
            for (int tenth = 1; tenth < 10; tenth++) {
                double base = plain[n - 1];
                if (asked[a] > base) base = asked[a] > 120 ? 120 : asked[a];
                check_near(ps_http_pause(n, asked[a], tenth / 10.0), base + base * tenth / 20.0, 1e-12);
            }
    check_near(ps_http_pause(UINT32_MAX, -1, 0.5), 37.5, 0);
}

/* ---- What to do ---------------------------------------------------------- */

/* One failure after another of the same code, a second apart, until an end: how many there were, and what the end was.
 */
static unsigned fail_on(int code, int retries, double outage_s, double last_good, ps_http_what *end) {
    const ps_http_rules rules = {.retries = retries, .outage_s = outage_s};
    ps_http_tries tries = {0};
    for (unsigned n = 1;; n++) {
        ps_http_verdict v = ps_http_retry(&rules, &tries, ps_http_kind_of_code(code), n,
                                          last_good > 0 ? n + last_good : -INFINITY, -1, 0.5);
        *end = v.what;
        if (v.what != PS_HTTP_AGAIN) return n;
        check_near(v.after_s, ps_http_pause(n, -1, 0.5), 0);
        assert_true(n < 1000);
    }
}

/* Codes × retries × whether others are answered meanwhile. */
static void codes_are_tried_as_the_table_says(void **state) {
    (void)state;
    const int codes[] = {200, 204, 301, 304, 400, 401, 403, 404, 408, 413, 422, 429, 500, 501, 502, 503, 504, 529};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        for (int retries = 0; retries < 6; retries++)
            for (int served = 0; served < 2; served++) {
                ps_http_what end;
                int code = codes[i];
                unsigned n = fail_on(code, retries, 100, served, &end);
                bool busy = code == 408 || code == 429 || (code >= 502 && code <= 504);
                unsigned want = code < 500 ? 1 : (unsigned)retries + 1;
                if (busy) want = served ? 101 : (unsigned)retries + 1; /* from second 1 to second 101 */
                assert_int_equal(n, want);
                assert_int_equal(end, busy && !served ? PS_HTTP_AWAY : PS_HTTP_GIVE_UP);
            }
}

/* After the server was away and is back the request has its retries anew, but no more time than before. */
static void a_busy_server_is_away_again_and_again_and_not_for_ever(void **state) {
    (void)state;
    const ps_http_rules rules = {.retries = 2, .outage_s = 50};
    ps_http_tries tries = {0};
    for (int n = 1; n <= 50; n++) {
        ps_http_verdict v = ps_http_retry(&rules, &tries, PS_HTTP_BUSY, n, -INFINITY, -1, 0.5);
        assert_int_equal(v.what, n % 3 == 0 ? PS_HTTP_AWAY : PS_HTTP_AGAIN);
    }
    assert_int_equal(ps_http_retry(&rules, &tries, PS_HTTP_BUSY, 51, 51, -1, 0.5).what, PS_HTTP_GIVE_UP);
}

static void the_answer_to_another_before_this_failed_does_not_count(void **state) {
    (void)state;
    const ps_http_rules rules = {.retries = 0, .outage_s = 50};
    ps_http_tries tries = {0};
    assert_int_equal(ps_http_retry(&rules, &tries, PS_HTTP_BUSY, 10, 9.9, -1, 0.5).what, PS_HTTP_AWAY);
    tries = (ps_http_tries){0};
    assert_int_equal(ps_http_retry(&rules, &tries, PS_HTTP_BUSY, 10, 10, -1, 0.5).what, PS_HTTP_AGAIN);
}

static void other_failures_are_tried_as_the_table_says(void **state) {
    (void)state;
    for (int retries = 0; retries < 3; retries++) {
        const ps_http_rules rules = {.retries = retries, .outage_s = 100};
        ps_http_tries tries = {0};
        assert_int_equal(ps_http_retry(&rules, &tries, PS_HTTP_UNREACHED, 1, 1, -1, 0.5).what, PS_HTTP_AWAY);
        assert_int_equal(ps_http_retry(&rules, &tries, PS_HTTP_NO_MEMORY, 1, 1, -1, 0.5).what, PS_HTTP_GIVE_UP);
        for (int i = 0; i < 9; i++) {
            ps_http_verdict v = ps_http_retry(&rules, &tries, PS_HTTP_STALE, 1, 1, -1, 0.5);
            assert_int_equal(v.what, PS_HTTP_AGAIN);
            check_near(v.after_s, 0, 0);
        }
        /* Late: once more, whatever else happened. */
        assert_int_equal(ps_http_retry(&rules, &tries, PS_HTTP_LATE, 1, 1, -1, 0.5).what,
                         retries > 0 ? PS_HTTP_AGAIN : PS_HTTP_GIVE_UP);
        assert_int_equal(ps_http_retry(&rules, &tries, PS_HTTP_LATE, 1, 1, -1, 0.5).what, PS_HTTP_GIVE_UP);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_its_kind),
        cmocka_unit_test(every_failure_of_a_connection_has_its_kind),
        cmocka_unit_test(retry_after_is_a_number_or_a_date),
        cmocka_unit_test(pauses_double_up_to_a_bound_and_heed_what_was_asked),
        cmocka_unit_test(codes_are_tried_as_the_table_says),
        cmocka_unit_test(a_busy_server_is_away_again_and_again_and_not_for_ever),
        cmocka_unit_test(the_answer_to_another_before_this_failed_does_not_count),
        cmocka_unit_test(other_failures_are_tried_as_the_table_says),
    };
    return cmocka_run_group_tests_name("http/retry", tests, NULL, NULL);
}
