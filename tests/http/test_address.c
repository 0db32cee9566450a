/* base_url: what is taken, what is refused, what is this machine, and where a key may go. */
#include "http/address.h"
#include "support/test.h"

static void addresses_are_taken_apart(void **state) {
    (void)state;
    const struct {
        const char *url, *base;
        bool loopback;
    } cases[] = {
        {"http://127.0.0.1:8000", "http://127.0.0.1:8000", true},
        {"http://127.0.0.1:8000/", "http://127.0.0.1:8000", true},
        {"http://127.0.0.1:8000/v1", "http://127.0.0.1:8000", true},
        {"http://127.0.0.1:8000/v1///", "http://127.0.0.1:8000", true},
        {"https://h.example/proxy/v1/", "https://h.example/proxy", false},
        {"https://h.example/proxy//", "https://h.example/proxy", false},
        {"https://h.example/v1/v1", "https://h.example/v1", false},
        {"https://h.example/xv1", "https://h.example/xv1", false},
        {"https://h.example/v2", "https://h.example/v2", false},
        {"HTTP://LocalHost/v1", "http://LocalHost", true},
        {"http://localhost./", "http://localhost.", true},
        {"http://127.1:1/", "http://127.0.0.1:1", true},
        {"http://0.0.0.0:1/", "http://0.0.0.0:1", true},
        {"http://[::1]:8000/v1", "http://[::1]:8000", true},
        {"http://[::]:8000", "http://[::]:8000", true},
        {"http://[::ffff:127.0.0.1]/", "http://[::ffff:127.0.0.1]", true},
        {"http://[::ffff:10.0.0.1]/", "http://[::ffff:10.0.0.1]", false},
        {"http://[2001:db8::1]/", "http://[2001:db8::1]", false},
        {"http://10.0.0.1/", "http://10.0.0.1", false},
        {"http://128.0.0.1/", "http://128.0.0.1", false},
        {"http://127.0.0.1.evil.example/", "http://127.0.0.1.evil.example", false},
        {"http://localhost.evil.example/", "http://localhost.evil.example", false},
        {"http://notlocalhost/", "http://notlocalhost", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_http_address address;
        assert_ok(ps_http_address_read(cases[i].url, &address, err));
        assert_string_equal(address.base, cases[i].base);
        if (address.loopback != cases[i].loopback) fail_msg("%s: loopback is %d", cases[i].url, address.loopback);
        ps_http_address_clear(&address);
    }
}

static void others_are_refused_in_words_without_a_password(void **state) {
    (void)state;
    const struct {
        const char *url, *says;
    } cases[] = {
        {NULL, "there is none"},
        {"", "http://127.0.0.1:8000/v1"},
        {"127.0.0.1:8000", "it looks like http://"},
        {"localhost:8000/v1", "http://"},
        {"ftp://h/", "use http:// or https://"},
        {"file:///etc/passwd", "use http:// or https://"},
        {"gopher://h/", "use http:// or https://"},
        {"javascript://h/", "use http:// or https://"},
        {"http://user:secret@h/v1", "a user or a password"},
        {"http://user@h/v1", "a user or a password"},
        {"http://:secret@h/v1", "a user or a password"},
        {"http://user:secret@h:99999999/", "it looks like"},
        {"http://h/v1?key=secret", "after a ? or #"},
        {"http://h/v1#secret", "after a ? or #"},
        {"http://h /v1", "it looks like"},
        {"http://h\r\nX: secret/", "it looks like"},
        {"http://", "it looks like"},
        {"http://h:port/", "it looks like"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_http_address address;
        ps_error err = {0};
        ps_status status = ps_http_address_read(cases[i].url, &address, &err);
        if (status != PS_ARG) fail_msg("%s: %s", cases[i].url, ps_status_text(status));
        if (strstr(err.message, cases[i].says) == NULL || strstr(err.message, "secret") != NULL)
            fail_msg("%s: %s", cases[i].url, err.message);
        assert_null(address.base);
    }
}

static void a_key_crosses_no_network_in_the_clear_unasked(void **state) {
    (void)state;
    const struct {
        const char *url, *key;
        bool allow_plain, fine;
    } cases[] = {
        {"http://127.0.0.1:8000", "sk-secret", false, true},
        {"https://h.example", "sk-secret", false, true},
        {"http://h.example", "sk-secret", false, false},
        {"http://h.example", "sk-secret", true, true},
        {"http://10.0.0.1", "sk-secret", false, false},
        {"http://h.example", NULL, false, true},
        {"https://h.example", "", false, false},
        {"https://h.example", "sk-secret\n", false, false},
        {"https://h.example", "sk-\r\nX-Evil: 1 secret", false, false},
        {"https://h.example", "sk-secret\x7f", true, false},
        {"https://h.example", "sk secret \xc3\xa9", false, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_http_address address;
        ps_error why = {0};
        assert_ok(ps_http_address_read(cases[i].url, &address, err));
        ps_status status = ps_http_address_key(&address, cases[i].key, cases[i].allow_plain, &why);
        if (status != (cases[i].fine ? PS_OK : PS_ARG)) fail_msg("case %zu: %s", i, why.message);
        assert_null(strstr(why.message, "secret"));
        if (!cases[i].fine) assert_non_null(strstr(why.message, address.base));
        ps_http_address_clear(&address);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_taken_apart),
        cmocka_unit_test(others_are_refused_in_words_without_a_password),
        cmocka_unit_test(a_key_crosses_no_network_in_the_clear_unasked),
    };
    return cmocka_run_group_tests_name("http/address", tests, NULL, NULL);
}
