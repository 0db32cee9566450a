#!/bin/sh
# tools/check_dialect refuses each kind of code that it is there to refuse, names the place, and lets pass what only
# looks like it.
set -eu
check=$PERSAMP_SOURCE/tools/check_dialect
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/include/persamp" "$tree/src/core" "$tree/src/engine/llama" "$tree/src/verify/read" "$tree/cli" \
    "$tree/bench" "$tree/tests/core"

# A header from which members and functions are known.
cat >"$tree/include/persamp/core.h" <<'END'
#ifndef PERSAMP_CORE_H
#define PERSAMP_CORE_H
typedef struct ps_pool {
    struct ps_pool *parent;
    char *name, *title;
    bool full;
    int either;
} ps_pool;
typedef struct ps_other {
    char *either;
} ps_other;
static inline ps_status visit(void);
ps_pool *ps_pool_find(const char *name);
ps_status ps_pool_grow(ps_pool *pool, ps_error *err);
bool ps_pool_full(const ps_pool *pool);
#endif
END

failures=0
# attempt accepted|refused FILE WHAT LINE…: WHAT is in the message; the last line is the one that is refused
attempt() {
    expected=$1 file=$2 what=$3
    shift 3
    printf '%s\n' "$@" >"$tree/$file"
    if "$check" --root "$tree" "$file" >"$tree/out" 2>&1; then got=accepted; else got=refused; fi
    if [ "$got" != "$expected" ]; then
        echo "$file was $got, expected $expected: $*"
        failures=$((failures + 1))
    elif [ "$got" = refused ] && ! grep -q "^$file:$#: .*$what" "$tree/out"; then
        echo "the message does not name $file:$# and \"$what\":"
        failures=$((failures + 1))
    else
        rm "$tree/$file"
        return
    fi
    cat "$tree/out"
    rm "$tree/$file"
}
good() { # good FILE LINE…
    file=$1
    shift
    attempt accepted "$file" '' "$@"
}
bad() { attempt refused "$@"; }
# The same, of a statement in a function of src/core.
in_function() { printf '%s\n' 'static void f(ps_pool *pool, bool full, size_t n) {' "$1" '}'; }
good_code() { attempt accepted src/core/a.c '' "$(in_function "$1")"; }
bad_code() { attempt refused src/core/a.c "$2" 'static void f(ps_pool *pool, bool full, size_t n) {' "    $1"; }

# ---- Numbers ----
bad_code 'n = strtoul("12", NULL, 10);' 'strtoul lets numbers wrap'
bad_code 'n = (size_t)atoi("12");' 'atoi lets numbers wrap'
bad cli/a.c 'sscanf lets numbers wrap' 'static bool f(const char *text, size_t *n) {' '    return sscanf(text, "%zu", n) == 1;'
good_code '    n = reads_strtoul(1);'
good src/verify/read/a.c 'static long f(const char *digits) {' '    return strtol(digits, NULL, 10);' '}'
good tests/core/a.c 'static long f(const char *digits) {' '    return strtol(digits, NULL, 10);' '}'

# ---- Pointers and statuses ----
bad_code 'if (pool) g();' 'pool != NULL'
bad_code 'if (!pool) g();' 'pool == NULL'
bad_code 'while (full && pool) g();' 'pool != NULL'
bad_code 'if (pool || full) g();' 'pool != NULL'
bad_code 'n = pool ? 1 : 2;' 'pool != NULL'
bad_code 'return pool && full;' 'pool != NULL'
bad_code 'if (!pool->parent) g();' 'pool->parent == NULL'
bad_code 'if (full && pool->parent->title) g();' 'pool->parent->title != NULL'
bad_code 'if (!ps_pool_find("x")) g();' 'ps_pool_find("") == NULL'
bad_code 'if (strchr("abc", 97)) g();' 'strchr("",97) != NULL'
bad_code 'for (ps_pool *p = pool; p; p = p->parent) g();' 'p != NULL'
bad_code 'const char *a = g(), *b = h(); if (!b) g();' 'b == NULL'
bad_code 'ps_status status = g(); if (status) h();' 'status != PS_OK'
bad_code 'ps_status status = g(); if (!status && full) h();' 'status == PS_OK'
bad_code 'if (ps_pool_grow(pool, NULL)) g();' 'ps_pool_grow(pool,NULL) != PS_OK'
bad_code 'const ps_status status = g();' 'const ps_status'
good_code '    if (pool == NULL || pool->parent != NULL) g();'
good_code '    if (full && !n && !ps_pool_full(pool)) g();'
good_code '    if (pool->full || !pool->parent->full) g();'
good_code '    while (*pool->name && pool->name[0]) g();'
good_code '    if (!pool->either) g(); /* a pointer in one struct, a number in another */'
good_code '    n = n * n; g(!full, pool); return pool;'
good_code '    /* if (!pool) */ puts("if (!pool)"); // !pool'
good_code '    ps_status status = g(); if (status != PS_OK) g();'
good_code '    if (ps_pool_grow(pool, NULL) == PS_OK) g(full ? "a" : "b");'
good src/core/a.c 'static void f(char *x) {' '    g(x);' '}' '' 'static void h(bool x) {' '    if (x) g();' '}'
good src/core/a.c 'static bool visit(char *name);' 'static void f(void) {' '    if (visit(NULL)) g();' '}'
good src/core/a.c 'static void f(bool (*grow)(char *name)) {' '    if (grow(NULL)) g();' '}'
good src/core/a.c 'static bool x;' 'static void f(char *x);' 'static void h(void) {' '    if (x) g();' '}'
bad src/core/a.c 'x != NULL' 'static char *x;' 'static void h(void) {' '    if (x) g();'

# ---- Includes ----
bad src/core/a.c 'ROOM/pool.h' '#include "pool.h"'
bad tests/core/a.c 'ROOM/check.h' '#include "check.h"'
good src/core/a.c '#include "core/pool.h"' '#include <math.h>' '#include "persamp/core.h"'
good cli/a.c '#include "cli.h"'

# ---- Files that are written ----
bad_code 'FILE *f = fopen(pool->name, "w");' 'fopen makes or replaces a file; use ps_file_replace'
bad_code 'FILE *f = fopen(pool->name, "wb");' 'fopen makes'
bad_code 'int f = open(pool->name, O_WRONLY | O_CREAT, 0666);' 'O_CREAT makes'
bad_code 'int f = open(pool->name, O_RDWR | O_TRUNC);' 'O_TRUNC makes'
bad_code 'int f = mkstemp(pool->name);' 'mkstemp makes'
bad_code 'n = rename(pool->name, pool->title) == 0;' 'rename makes'
bad cli/a.c 'ps_write_file' 'static void f(void) {' '    FILE *f = fopen("x", "w");'
good_code '    FILE *f = fopen(pool->name, "rb"), *g = fopen(pool->title, "a"); ps_rename(pool);'
good tests/core/a.c 'static void f(void) {' '    FILE *f = fopen("x", "w");' '}'
mkdir -p "$tree/src/base"
good src/base/write.c 'static void f(void) {' '    int f = open("x", O_WRONLY | O_CREAT | O_EXCL);' '}'

# ---- Guards ----
bad_guard() { # bad_guard FILE GUARD EXPECTED
    mkdir -p "$tree/${1%/*}"
    printf '/* What it is. */\n#ifndef %s\n#define %s\n#endif\n' "$2" "$2" >"$tree/$1"
    if "$check" --root "$tree" "$1" >"$tree/out" 2>&1 || ! grep -q "^$1:2: the guard $2; .*: $3\$" "$tree/out"; then
        echo "$1 with the guard $2 was accepted, or the message is another: $(cat "$tree/out")"
        failures=$((failures + 1))
    fi
    rm "$tree/$1"
}
bad_guard src/engine/llama/lane.h PS_LANE_H PERSAMP_ENGINE_LLAMA_LANE_H
bad_guard src/engine/llama/lane.h PERSAMP_ENGINE_LANE_H PERSAMP_ENGINE_LLAMA_LANE_H
bad_guard bench/report.h PERSAMP_REPORT_H PERSAMP_BENCH_REPORT_H
bad_guard include/persamp/run.h PERSAMP_RUN_RUN_H PERSAMP_RUN_H
good src/engine/llama/lane.h '#ifndef PERSAMP_ENGINE_LLAMA_LANE_H' '#define PERSAMP_ENGINE_LLAMA_LANE_H' '#endif'
good tests/core/golden.h '#ifndef PERSAMP_TESTS_CORE_GOLDEN_H' '#define PERSAMP_TESTS_CORE_GOLDEN_H' '#endif'
good include/persamp/run.h '#ifndef PERSAMP_RUN_H' '#define PERSAMP_RUN_H' '#endif'
good src/core/kernels_vector.h '/* Included once for each table. */' '#ifndef OWN_EXP' '#define OWN_EXP(x) exp(x)' '#endif'

# ---- Banners ----
line=$(printf '%100s' '' | tr ' ' -)
good src/verify/a.c 'static void f(psv_ctx *ctx) {' '    ps_text text = psv_text(ctx);' '}'
bad src/verify/a.c 'outside the arena' 'static void f(void) {' '    ps_text text = {0};'
bad src/verify/a.c 'outside the arena' 'static void f(void) {' '    ps_text a = psv_text(ctx), b = {0};'
good src/core/a.c 'static void f(void) {' '    ps_text text = {0};' '}'

banner() { printf '/* ---- %s %.*s */\n' "$1" "$(($2 - 12 - ${#1}))" "$line"; }
good src/core/a.c "$(banner 'The pool' 80)"
bad src/core/a.c '81 columns' "$(banner 'The pool' 81)"
bad src/core/a.c '79 columns' "$(banner 'The pool' 79)"
good src/core/a.c "$(banner 'The pool' 80 | sed 's/pool/p…ol/')"
good src/core/a.c '/* ordinary */ '

# ---- Names ----
bad tests/core/test_a.c 'without test_' '    cmocka_unit_test(test_that_the_pool_grows),'
bad tests/core/test_a.c 'at least three words' '    cmocka_unit_test(pool_grows),'
bad tests/core/test_a.c 'at least three words' '    cmocka_unit_test_setup_teardown(grows, f, g),'
good tests/core/test_a.c 'static const struct CMUnitTest tests[] = {' '    cmocka_unit_test(a_pool_grows),' '};'
bad src/core/a.c 'grow has external linkage; it begins with ps_' 'void grow(int n) {'
bad src/core/a.c 'table has external linkage' 'const struct ops table = {'
bad src/core/a.c 'count has external linkage' 'size_t count;'
bad src/core/a.c 'psv_grow has external linkage' 'void psv_grow(int n) {'
bad src/verify/read/a.c 'grow has external linkage; it begins with psv_' 'void grow(int n) {'
good src/verify/read/a.c 'void psv_grow(int n) {' '}' 'bool ps_verify(void) {' '}'
good src/core/a.c 'const ps_pool *const *ps_pools(size_t *n) {' '}' 'static int grow(void) {' '}' 'int other(void);' \
    'extern const struct ops table;' 'static const int count = 3;' 'struct later;' 'enum { FEW = 3 };' \
    'typedef struct pair {' '    int a, *b;' '} pair;' 'struct ops {' '    int (*call)(void);' '};' \
    'void __attribute__((cold)) ps_grow(void) {' '}' 'const struct ops ps_table = {.call = grow};'
good cli/a.c 'int grow(void) {' '    return 1;' '}'

# ---- Arguments ----
"$check" --root "$tree" no/such/file >"$tree/out" 2>&1 && { echo "a file that is not there was accepted"; exit 1; }
grep -q 'no/such/file: no such file' "$tree/out" || { cat "$tree/out"; exit 1; }
printf 'void f(int x) {\n}\n' >"$tree/src/core/a.c"
"$check" --root "$tree" >"$tree/out" 2>&1 && { echo "without arguments not everything is checked"; exit 1; }
grep -q '^check_dialect: 1 place;' "$tree/out" || { echo "the closing line is missing:"; cat "$tree/out"; exit 1; }
[ "$(ls "$tree" | tr '\n' ' ')" = "bench cli include out src tests " ] || { echo "it wrote a file:"; ls "$tree"; exit 1; }
"$check" --root "$tree" cli include >"$tree/out" 2>&1 || { echo "other rooms are checked too:"; cat "$tree/out"; exit 1; }

[ $failures -eq 0 ]
