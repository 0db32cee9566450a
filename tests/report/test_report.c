/* Reports: what is in a page, that it stays within its size and its memory, and that hostile texts stay texts. */
#include "persamp/report.h"
#include "report/deflate.h"
#include "support/failing_allocator.h"
#include "support/test.h"
#include "support/xml.h"

#include <jansson.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

static char folder[1024];

/* A folder of this test's own; *path[] of results in it. */
static FILE *begin_results(const char *name, char *path, size_t size) {
    snprintf(folder, sizeof folder, "%s/report-%s-%ld", PS_TEST_TMP, name, (long)getpid());
    assert_int_equal(mkdir(folder, 0777), 0);
    snprintf(path, size, "%s/results.jsonl", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    return file;
}

static void end_results(FILE *file, const char *path) {
    if (file != NULL) fclose(file);
    remove(path);
    rmdir(folder);
}

static const char *random_word(uint64_t *state) {
    static const char *const words[] = {
        "therefore", "we",    "have", "$x^2$", "equals", "7",  "so",       "the", "\\\\frac{1}{2}", "sum", "of",
        "all",       "roots", "is",   "then",  "12",     "by", "symmetry", "it",  "follows"};
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return words[(*state >> 33) % (sizeof words / sizeof *words)];
}

static void put_words(FILE *file, size_t n, uint64_t *state) {
    for (size_t i = 0; i < n; i++)
        fprintf(file, "%s ", random_word(state));
}

/* A result line as outcome_json writes it: `particles` lines of `steps` steps, of `words` words each. */
static void put_line(FILE *file, size_t index, const char *question, size_t particles, size_t steps, size_t words,
                     uint64_t *state) {
    bool right = index % 3 == 0;
    fprintf(file, "{\"problem_idx\":%zu,\"problem\":\"%s\",\"ground_truth\":\"7\",\"response\":\"", index, question);
    put_words(file, steps * words, state);
    fprintf(file,
            "\\\\boxed{%d}\",\"extracted_answer\":\"%d\",\"correct\":%s,\"unique_id\":null,\"subject\":\"%s\","
            "\"level\":%zu,",
            right ? 7 : 8, right ? 7 : 8, right ? "true" : "false", index % 2 == 0 ? "Algebra" : "Number Theory",
            index % 5 + 1);
    fprintf(file,
            "\"timing\":{\"total\":1.5,\"generation\":1.0,\"scoring\":0.5},\"tokens\":{\"generated\":%zu,\"shared\":0,"
            "\"discarded\":0,\"prompt\":9,\"prefilled\":9,\"prm\":0},",
            particles * steps * words);
    fprintf(file,
            "\"method\":\"persistent\",\"seed\":42,\"resample_count\":1,\"final_ess\":5.5,\"log_z\":null,\"betas\":[1."
            "0,2.0],\"ess_history\":[8.0,6.0],\"answers\":[{\"answer\":\"%d\",\"weight\":0.8,\"votes\":5},{\"answer\":"
            "\"9\",\"weight\":0.2,\"votes\":1}],\"shared_text\":0.1,\"pred_best\":\"%d\",\"correct_best\":%s,"
            "\"truncated\":%s,\"error\":null",
            right ? 7 : 8, right ? 7 : 8, right ? "true" : "false", index % 100 == 7 ? "true" : "false");
    fprintf(file, ",\"particles\":[");
    for (size_t i = 0; i < particles * steps; i++) {
        fprintf(file, "%s{\"id\":%zu,\"parent\":%zu,\"state\":\"%s\",\"text\":\"", i > 0 ? "," : "", i + 1,
                i < particles ? 0 : i + 1 - particles, i / particles + 1 == steps ? "finished" : "open");
        put_words(file, words, state);
        if (i / particles + 1 == steps) fprintf(file, "\\\\boxed{%d}", right ? 7 : 8);
        fprintf(file,
                "\",\"tokens\":%zu,\"logp\":-3.25,\"logq\":-3.0,\"reward\":0.%zu,\"score\":-1.%zu,\"weight\":%g,"
                "\"event\":%zu,\"launch_depth\":%zu}",
                words, i % 90 + 10, i, i / particles + 1 == steps ? 1.0 / (double)particles : 0.0, i / particles,
                i / particles);
    }
    fprintf(file, "],\"events\":[]}\n");
}

static ps_report *read_report(const char *place) {
    ps_report *report = NULL;
    const char *places[] = {place};
    assert_ok(ps_report_read(places, 1, &report, err));
    return report;
}

/* ---- Packing ------------------------------------------------------------- */

static int value_of(char c) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(letters, c) : NULL;
    return at != NULL ? (int)(at - letters) : -1;
}

/* What a browser does with a block; the caller frees it. */
static char *unpack(const char *base64, size_t n) {
    unsigned char *bytes = malloc(n);
    uLongf length = 1 << 24;
    char *text = malloc(length + 1);
    size_t bits = 0, size = 0, held = 0;
    assert_true(bytes != NULL && text != NULL);
    for (size_t i = 0; i < n && value_of(base64[i]) >= 0; i++) {
        held = held << 6 | (size_t)value_of(base64[i]);
        bits += 6;
        if (bits >= 8) bytes[size++] = (unsigned char)(held >> (bits -= 8));
    }
    assert_int_equal(uncompress((Bytef *)text, &length, bytes, size), Z_OK);
    text[length] = '\0';
    free(bytes);
    return text;
}

static void what_is_packed_comes_out_as_it_was(void **state) {
    (void)state;
    for (size_t n = 0; n < 300000; n = n * 3 + 1) {
        char *data = malloc(n + 1);
        ps_text packed = {0};
        assert_non_null(data);
        for (size_t i = 0; i < n; i++)
            data[i] = (char)('a' + i * i % 23);
        data[n] = '\0';
        assert_ok(ps_report_pack(data, n, &packed, err));
        char *back = unpack(packed.data, packed.length);
        assert_string_equal(back, data);
        free(back);
        free(data);
        ps_text_clear(&packed);
    }
}

/* ---- A page -------------------------------------------------------------- */

/* The JSON of a script of the page; the caller lets go of it. */
static json_t *json_of(const ps_text *html, const char *beginning) {
    const char *at = strstr(html->data, beginning);
    assert_non_null(at);
    at += strlen(beginning);
    json_t *json = json_loadb(at, (size_t)(strstr(at, "</script>") - at), 0, NULL);
    assert_non_null(json);
    return json;
}

static void a_page_has_its_tables_pictures_and_texts(void **state) {
    char path[1100];
    uint64_t random = 1;
    FILE *file = begin_results("page", path, sizeof path);
    (void)state;
    for (size_t i = 0; i < 30; i++)
        put_line(file, i, "What is $3+4$?", 4, 3, 5, &random);
    fclose(file);
    ps_report *report = read_report(folder);
    ps_text html = {0};
    ps_report_counts counts;
    assert_ok(ps_report_html(report, 0, &html, &counts, err));
    assert_true(counts.problems == 30 && counts.with_pools == 30 && counts.with_texts == 30 && counts.runs == 1);
    assert_non_null(
        strstr(html.data, "<td>33.3%</td><td>19.2 to 51.2%</td><td>10</td><td>30</td><td>0</td><td>1</td>"));
    static const char *const parts[] = {"chart-tokens", "chart-seconds",     "chart-subjects",
                                        "chart-levels", "chart-calibration", "chart-ess",
                                        "chart-beta",   "chart-reached",     "chart-length"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        assert_non_null(strstr(html.data, parts[i]));
    assert_null(strstr(html.data, "http://www.w3.org/1999")); /* nothing is asked of anywhere */
    assert_null(strstr(html.data, "https:"));
    json_t *index = json_of(&html, "<script type=\"application/json\" id=\"index\">");
    const json_t *problems = json_object_get(index, "problems"), *first = json_array_get(problems, 0);
    assert_int_equal(json_array_size(problems), 30);
    assert_int_equal(json_integer_value(json_array_get(first, 0)), 7); /* the one that was cut off wants a look first */
    assert_string_equal(json_string_value(json_array_get(first, 4)), "w");
    const char *block = strstr(html.data, "id=\"block-0\">");
    assert_non_null(block);
    block += strlen("id=\"block-0\">");
    char *text = unpack(block, (size_t)(strchr(block, '<') - block));
    json_t *texts = json_loads(text, 0, NULL);
    const json_t *one = json_array_get(texts, 0), *run = json_array_get(json_object_get(one, "runs"), 0);
    assert_string_equal(json_string_value(json_object_get(one, "q")), "What is $3+4$?");
    const char *pool = json_string_value(json_object_get(run, "pool"));
    assert_non_null(pool);
    ps_text svg = {.data = (char *)pool, .length = strlen(pool)};
    check_xml(svg);
    assert_int_equal(xml_count(&svg, "<circle class=\"dot "), 12);
    assert_int_equal(xml_count(&svg, "<circle class=\"answer wrong\""), 4);
    json_decref(texts);
    free(text);
    json_decref(index);
    ps_text_clear(&html);
    ps_report_free(report);
    end_results(NULL, path);
}

static void hostile_texts_stay_texts(void **state) {
    char path[1100];
    uint64_t random = 1;
    FILE *file = begin_results("hostile", path, sizeof path);
    (void)state;
    put_line(file, 0,
             "</script><script>alert(1)</script><img src=x onerror=alert(2)>\\u2028 \\ud83d\\ude00 \\u202e &lt;", 2, 2,
             2, &random);
    put_line(file, 1, "<!--<script>", 2, 2, 2, &random);
    fclose(file);
    ps_report *report = read_report(folder);
    ps_text html = {0}, text = {0};
    assert_ok(ps_report_html(report, 0, &html, NULL, err));
    assert_int_equal(xml_count(&html, "<script"), 3); /* the index, a block and the page's own */
    assert_int_equal(xml_count(&html, "<img"), 0);
    assert_null(strstr(html.data, "\xe2\x80\xa8"));
    assert_int_equal(xml_count(&html, "<!--"), 0);
    assert_ok(ps_report_markdown(report, &text, err));
    assert_null(strstr(text.data, "<"));
    ps_text_clear(&html);
    ps_text_clear(&text);
    ps_report_free(report);
    end_results(NULL, path);
}

static void what_does_not_fit_is_left_out_and_said_to_be(void **state) {
    char path[1100];
    uint64_t random = 1;
    FILE *file = begin_results("full", path, sizeof path);
    (void)state;
    for (size_t i = 0; i < 400; i++)
        put_line(file, i, "q", 8, 3, 20, &random);
    fclose(file);
    ps_report *report = read_report(folder);
    ps_text all = {0}, some = {0}, none = {0};
    ps_report_counts counts;
    assert_ok(ps_report_html(report, 0, &all, NULL, err));
    assert_ok(ps_report_html(report, all.length / 2, &some, &counts, err));
    assert_true(counts.with_texts >= counts.with_pools && counts.with_pools > 0 && counts.with_pools < 400);
    assert_true(some.length < all.length);
    assert_non_null(strstr(some.data, "id=\"left-out\""));
    assert_null(strstr(all.data, "id=\"left-out\""));
    assert_ok(ps_report_html(report, 1, &none, &counts, err));
    assert_true(counts.with_texts == 0 && counts.problems == 400);
    ps_text_clear(&all);
    ps_text_clear(&some);
    ps_text_clear(&none);
    ps_report_free(report);
    end_results(NULL, path);
}

/* ---- Size and memory ----------------------------------------------------- */

/* Counts the bytes that are alive; each block begins with its size. */
typedef struct counting {
    size_t alive, most;
} counting;
enum { HEAD = 16 };

static void *counting_resize(void *user, void *p, size_t size) {
    counting *c = user;
    char *block = p != NULL ? (char *)p - HEAD : NULL;
    size_t before = 0;
    if (block != NULL) memcpy(&before, block, sizeof before);
    c->alive -= before;
    if (size == 0) {
        free(block);
        return NULL;
    }
    block = realloc(block, size + HEAD);
    if (block == NULL) {
        c->alive += before;
        return NULL;
    }
    memcpy(block, &size, sizeof size);
    c->alive += size;
    if (c->alive > c->most) c->most = c->alive;
    return block + HEAD;
}

/* 5,000 problems, 16 particles each: the file is larger than what the page may take, its memory is not. */
static void a_large_run_makes_a_page_of_bounded_size_and_memory(void **state) {
    char path[1100];
    uint64_t random = 1;
    counting memory = {0};
    FILE *file = begin_results("large", path, sizeof path);
    (void)state;
    for (size_t i = 0; i < 5000; i++)
        put_line(file, i, "q", 16, 1, 10, &random);
    long size = ftell(file);
    fclose(file);
    ps_set_allocator(&(ps_allocator){counting_resize, &memory});
    clock_t start = clock();
    ps_report *report = read_report(folder);
    size_t read = memory.most;
    ps_text html = {0};
    ps_report_counts counts;
    assert_ok(ps_report_html(report, 0, &html, &counts, err));
    print_message("%.0f MB of results: a page of %.1f MB, %.0f MB of memory at most, %.1f s of processor time\n",
                  (double)size / 1e6, (double)html.length / 1e6, (double)memory.most / 1e6,
                  (double)(clock() - start) / CLOCKS_PER_SEC);
    assert_int_equal(counts.problems, 5000);
    assert_int_equal(counts.with_texts, 5000);
    assert_true(html.length <= (size_t)PS_REPORT_MOST_MIB << 20);
    assert_true(read < 16u << 20);                                                   /* marks, not texts */
    assert_true(memory.most < 2 * ((size_t)PS_REPORT_MOST_MIB << 20) + (32u << 20)); /* a page that grows by doubling */
    ps_text_clear(&html);
    ps_report_free(report);
    ps_set_allocator(NULL);
    assert_int_equal(memory.alive, 0);
    end_results(NULL, path);
}

/* ---- Faults -------------------------------------------------------------- */

static void what_is_not_ours_is_refused_by_name(void **state) {
    char path[1100];
    ps_error err = {0};
    ps_report *report = NULL;
    const char *places[] = {folder};
    FILE *file = begin_results("faults", path, sizeof path);
    (void)state;
    fprintf(file, "{\"problem_idx\":0,\"correct\":true}\nnonsense\n");
    fclose(file);
    assert_int_equal(ps_report_read(places, 1, &report, &err), PS_FORMAT);
    assert_non_null(strstr(err.message, "results.jsonl:2: not a result line"));
    remove(path);
    assert_int_equal(ps_report_read(places, 1, &report, &err), PS_FORMAT);
    assert_non_null(strstr(err.message, "not an output folder of eval, compare or tune"));
    places[0] = "nowhere";
    assert_int_equal(ps_report_read(places, 1, &report, &err), PS_IO);
    assert_non_null(strstr(err.message, "nowhere: no such folder"));
    end_results(NULL, path);
}

/* A line of another version, or one that somebody wrote: whatever is missing in it is missing in the page. */
static void a_line_needs_nothing_but_its_problem(void **state) {
    static const char *const lines[] = {"{\"problem_idx\":0,\"correct\":true}",
                                        "{\"problem_idx\":1,\"correct\":null,\"problem\":7,\"answers\":3,\"tokens\":[],"
                                        "\"betas\":{},\"particles\":\"x\"}",
                                        "{\"problem_idx\":2,\"correct\":false,\"answers\":[1,null,{}],\"particles\":[{}"
                                        ",7,{\"id\":-1},{\"id\":1,\"parent\":9}],\"betas\":[null,\"x\"],\"timing\":[]}",
                                        "{\"problem_idx\":3,\"correct\":false,\"particles\":[{\"id\":1,\"parent\":0,"
                                        "\"event\":99999999999}],\"extracted_answer\":[]}"};
    char path[1100];
    FILE *file = begin_results("bare", path, sizeof path);
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        fprintf(file, "%s\n", lines[i]);
    fclose(file);
    ps_report *report = read_report(folder);
    ps_text html = {0}, svg = {0};
    ps_error fault;
    ps_report_counts counts;
    assert_ok(ps_report_html(report, 0, &html, &counts, err));
    assert_int_equal(counts.with_texts, 4);
    assert_int_equal(ps_report_pool(report, 2, NULL, &svg, &fault), PS_FORMAT);
    assert_non_null(strstr(fault.message, "problem 2: snapshot 2"));
    assert_int_equal(ps_report_pool(report, 0, NULL, &svg, &fault), PS_ARG);
    assert_non_null(strstr(fault.message, "save_particles"));
    assert_int_equal(ps_report_pool(report, 9, NULL, &svg, &fault), PS_ARG);
    assert_int_equal(ps_report_pool(report, 0, "other", &svg, &fault), PS_ARG);
    ps_text_clear(&html);
    ps_report_free(report);
    end_results(NULL, path);
}

static void want_of_memory_is_told_and_leaves_nothing(void **state) {
    char path[1100];
    uint64_t random = 1;
    const char *places[] = {folder};
    FILE *file = begin_results("memory", path, sizeof path);
    (void)state;
    for (size_t i = 0; i < 2; i++)
        put_line(file, i, "q", 2, 2, 2, &random);
    fclose(file);
    bool done = false;
    for (size_t n = 1; !done; n += 1 + n / 20) { /* each of the first twenty, then ever fewer */
        failing_allocator memory;
        ps_report *report = NULL;
        ps_text html = {0};
        failing_install(&memory, n);
        ps_status status = ps_report_read(places, 1, &report, NULL);
        if (status == PS_OK) status = ps_report_html(report, 0, &html, NULL, NULL);
        ps_text_clear(&html);
        ps_report_free(report);
        ps_verify_thread_end();
        failing_remove();
        done = memory.calls < n;
        if (!done && status != PS_NOMEM) fail_msg("allocation %zu: status %d", n, (int)status);
        assert_int_equal(memory.alive, 0);
    }
    end_results(NULL, path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_packed_comes_out_as_it_was),
        cmocka_unit_test(a_page_has_its_tables_pictures_and_texts),
        cmocka_unit_test(hostile_texts_stay_texts),
        cmocka_unit_test(what_does_not_fit_is_left_out_and_said_to_be),
        cmocka_unit_test(a_large_run_makes_a_page_of_bounded_size_and_memory),
        cmocka_unit_test(what_is_not_ours_is_refused_by_name),
        cmocka_unit_test(a_line_needs_nothing_but_its_problem),
        cmocka_unit_test(want_of_memory_is_told_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
