/* Chat templates: llama.cpp's Jinja interpreter (common/jinja, fetched by tools/get-llama) behind template.h. Beside
 * guard.cpp the one source that is C++.
 *
 * The interpreter is compiled as part of this file, as it is, in a namespace of its own, where `std` is ours: the same
 * names, but strings, containers and shared pointers get their memory from an allocator that counts (Meter), so
 * whatever a template does, memory, time and depth of recursion have limits; and characters of strings are compared by
 * what they stand for, so marked text (marked.h) goes through all of the interpreter, and is marked when it comes out.
 * What else is replaced there: a sort that cannot run out of its array whatever the comparison answers, a localtime
 * that threads may share, streams without locales. */
#include "engine/llama/template.h"

#include "engine/llama/marked.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <pthread.h>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <unordered_map>
#include <utility>
#include <vector>

#define jinja         ps_jinja /* a program that links llama.cpp's own copy too has two, apart */
#define g_jinja_debug ps_jinja_debug

/* ---- Limits -------------------------------------------------------------- */

namespace ps_limits {

/* AddressSanitizer makes frames eight times as large, and cannot unwind exceptions on a stack of 64 MiB or more. */
#if defined(__SANITIZE_ADDRESS__)
enum : size_t { stack_unit = 20 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum : size_t { stack_unit = 20 };
#else
enum : size_t { stack_unit = 16 };
#endif
#else
enum : size_t { stack_unit = 16 };
#endif
/* Of the stack a third is for what cannot be interrupted: the ends of nested values and of the syntax tree. */
enum : size_t {
    most_source = 256 * 1024,
    most_tag = 4096,  /* tokens between {{ and }} */
    most_nested = 64, /* brackets within brackets there */
    stack_limit = stack_unit * (size_t)1024 * 1024,
    stack_size = 3 * stack_limit
};

/* Not a std::exception: the interpreter would catch it to say where it was. */
struct Exceeded {
    const char *what;
};

/* What the rendering of this thread has used. */
class Meter {
  public:
    Meter(size_t memory, double seconds) : memory_(memory), deadline_(now() + seconds) {}

    void take(size_t bytes) {
        const char here = 0;
        if (work(64 + bytes / 16)) throw Exceeded{"it takes too long"};
        if (bytes > memory_ - live_) throw Exceeded{"it needs too much memory"};
        if (static_cast<size_t>(top_ - &here) > stack_limit) throw Exceeded{"it is nested too deep"};
        live_ += bytes;
    }
    void give(size_t bytes) { live_ -= bytes < live_ ? bytes : live_; }
    /* Note some work (about a nanosecond a unit); whether there is no time left for more. */
    bool work(size_t units) {
        work_ += units;
        if (work_ > look_) {
            look_ = work_ + 1000 * 1000;
            late_ = late_ || now() > deadline_;
        }
        return late_;
    }

  private:
    static double now() { /* of this thread: a busy machine changes nothing */
        timespec t{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
    }
    const char *top_ = static_cast<const char *>(__builtin_frame_address(0));
    size_t memory_, live_ = 0;
    uint64_t work_ = 0, look_ = 0;
    double deadline_;
    bool late_ = false;
};

thread_local Meter *meter; /* of the rendering that this thread does */

template <typename T> struct Metered {
    using value_type = T;
    Metered() = default;
    template <typename U> Metered(const Metered<U> &) {}
    T *allocate(size_t n) {
        if (n > SIZE_MAX / 2 / sizeof(T)) throw Exceeded{"it needs too much memory"};
        if (meter != nullptr) meter->take(n * sizeof(T));
        void *p = ::std::malloc(n * sizeof(T));
        if (p == nullptr) throw ::std::bad_alloc();
        return static_cast<T *>(p);
    }
    void deallocate(T *p, size_t n) {
        if (meter != nullptr) meter->give(n * sizeof(T));
        ::std::free(p);
    }
    template <typename U> bool operator==(const Metered<U> &) const { return true; }
    template <typename U> bool operator!=(const Metered<U> &) const { return false; }
};

/* Characters by what they stand for. Nothing here may throw; when time is up nothing is equal to anything, so that
 * searches end and the next allocation can tell. */
struct Traits : ::std::char_traits<char> {
    static unsigned char plain(char c) noexcept { return ps_unmarked[static_cast<unsigned char>(c)]; }
    static bool eq(char a, char b) noexcept { return plain(a) == plain(b); }
    static bool lt(char a, char b) noexcept { return plain(a) < plain(b); }
    static int compare(const char *a, const char *b, size_t n) noexcept {
        if (meter != nullptr && meter->work(1 + n)) return 1;
        for (size_t i = 0; i < n; i++)
            if (a[i] != b[i] && plain(a[i]) != plain(b[i])) return plain(a[i]) < plain(b[i]) ? -1 : 1;
        return 0;
    }
    static const char *find(const char *text, size_t n, const char &c) noexcept {
        for (size_t i = 0; i < n; i++)
            if (eq(text[i], c)) return text + i;
        return nullptr;
    }
};

/* Containers that are alive. Values may hold each other in a circle, which no count of references ends. */
struct Link {
    Link *before = this, *after = this;
    Link() = default;
    Link(const Link &) = delete;
    virtual ~Link() { leave(); }
    void join(Link *list) {
        before = list;
        after = list->after;
        list->after->before = this;
        list->after = this;
    }
    void leave() {
        before->after = after;
        after->before = before;
        before = after = this;
    }
    virtual void drop_all() {} /* what it holds; may be its own end */
};
thread_local Link *alive;

} // namespace ps_limits
using namespace ps_limits;

/* ---- std, as the interpreter sees it -------------------------------------- */

namespace jinja {

struct value_array_t;
struct value_object_t;
template <typename Map> void mend_builtins(Map &builtins);

namespace std {

using namespace ::std;

using string = ::std::basic_string<char, Traits, Metered<char>>;
using string_view = ::std::basic_string_view<char, Traits>;
template <typename T> using vector = ::std::vector<T, Metered<T>>;
template <typename T> using set = ::std::set<T, ::std::less<T>, Metered<T>>;
template <typename K, typename V, typename Hash, typename Equal>
using unordered_map = ::std::unordered_map<K, V, Hash, Equal, Metered<::std::pair<const K, V>>>;

template <typename K, typename V> struct map : ::std::map<K, V, ::std::less<K>, Metered<::std::pair<const K, V>>> {
    map(::std::initializer_list<::std::pair<const K, V>> list)
        : ::std::map<K, V, ::std::less<K>, Metered<::std::pair<const K, V>>>(list) {
        if constexpr (::std::is_same_v<K, string>) mend_builtins(*this);
    }
};

/* A container that is in the list `alive` while it is. */
template <typename T> struct Listed final : T, Link {
    template <typename... Args> explicit Listed(Args &&...args) : T(::std::forward<Args>(args)...) { join(alive); }
    void drop_all() override {
        const auto items = ::std::move(this->val_arr);
        const auto pairs = ::std::move(this->val_obj);
        if constexpr (::std::is_base_of_v<value_object_t, T>) const auto index = ::std::move(this->unordered);
    }
};

template <typename T, typename... Args> ::std::shared_ptr<T> make_shared(Args &&...args) {
    if constexpr (::std::is_base_of_v<value_array_t, T> || ::std::is_base_of_v<value_object_t, T>)
        return ::std::allocate_shared<Listed<T>>(Metered<Listed<T>>(), ::std::forward<Args>(args)...);
    else
        return ::std::allocate_shared<T>(Metered<T>(), ::std::forward<Args>(args)...);
}

struct runtime_error : ::std::runtime_error {
    explicit runtime_error(const char *message) : ::std::runtime_error(message) {}
    explicit runtime_error(const string &message) : ::std::runtime_error(message.c_str()) {}
};

template <typename Number> string to_string(Number number) {
    return string(::std::to_string(number).c_str());
}
inline int stoi(const string &text, size_t *end, int base) {
    return ::std::stoi(::std::string(text.c_str()), end, base);
}
inline long long stoll(const string &text) {
    return ::std::stoll(::std::string(text.c_str()));
}
inline double stod(const string &text) {
    return ::std::stod(::std::string(text.c_str()));
}

struct ostringstream {
    string text;
    ostringstream &operator<<(char c) {
        text += c;
        return *this;
    }
    ostringstream &operator<<(double number) {
        char digits[32];
        snprintf(digits, sizeof digits, "%g", number);
        text += digits;
        return *this;
    }
    template <typename T> ostringstream &operator<<(const T &what) {
        if constexpr (::std::is_integral_v<T>)
            text += to_string(what);
        else
            text += what;
        return *this;
    }
    const string &str() const { return text; }
};

struct istringstream {
    string text;
    size_t at = 0;
    explicit istringstream(const string &from) : text(from) {}
};
inline bool getline(istringstream &in, string &line) {
    if (in.at >= in.text.size()) return false;
    const size_t end = ::std::min(in.text.find('\n', in.at), in.text.size());
    line = in.text.substr(in.at, end - in.at);
    in.at = end + 1;
    return true;
}

/* Stable, as Python's, and within the array even if `less` contradicts itself (mixed types do). */
template <typename Iterator, typename Less> void sort(Iterator begin, Iterator end, Less less) {
    vector<typename ::std::iterator_traits<Iterator>::value_type> from(begin, end), to(from);
    const size_t n = from.size();
    for (size_t width = 1; width < n; width *= 2, from.swap(to))
        for (size_t i = 0; i < n; i += 2 * width) {
            const auto a = from.begin() + static_cast<ptrdiff_t>(i);
            const auto b = from.begin() + static_cast<ptrdiff_t>(::std::min(i + width, n));
            const auto c = from.begin() + static_cast<ptrdiff_t>(::std::min(i + 2 * width, n));
            ::std::merge(a, b, b, c, to.begin() + static_cast<ptrdiff_t>(i), less);
        }
    ::std::copy(from.begin(), from.end(), begin);
}

inline tm *localtime(const time_t *when) {
    static thread_local tm local;
    local = tm{};
    return localtime_r(when, &local);
}

} // namespace std
} // namespace jinja

/* ---- The interpreter ------------------------------------------------------ */

#ifndef NDEBUG
#define NDEBUG /* what it asserts of a syntax tree is the template's to say, and it asks again when it runs */
#endif
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wextra"
#endif
#include "jinja/lexer.cpp"
#undef FILENAME
#include "jinja/parser.cpp"
#undef FILENAME
#include "jinja/runtime.cpp"
#undef FILENAME
#include "jinja/string.cpp"
#undef FILENAME
#include "jinja/value.cpp"
#undef FILENAME
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

namespace jinja {

/* Built-in functions that are not as they should be. */
template <typename Map> void mend_builtins(Map &builtins) {
    const auto divisible = builtins.find("test_is_divisibleby");
    if (divisible != builtins.end())
        divisible->second = [](const func_args &args) -> value { /* a division by zero ends the process */
            args.ensure_vals<value_int, value_int>();
            const int64_t a = args.get_pos(0)->as_int(), b = args.get_pos(1)->as_int();
            if (b == 0) throw raised_exception("division by zero");
            return mk_val<value_bool>(b == -1 || a % b == 0);
        };
}

} // namespace jinja

/* ---- One rendering -------------------------------------------------------- */

namespace {

using Text = jinja::std::string;

struct Task {
    const ps_template *chat;
    const ps_chat_message *messages;
    size_t n;
    ps_text source, contents; /* marked, with a NUL after each role and content */
    size_t memory;
    ps_text *out;
    ps_text message; /* what went wrong */
    bool refused, failed, no_memory;
};

jinja::value text_value(const char *text) {
    return jinja::mk_val<jinja::value_string>(Text(text));
}

/* The parser goes down once for every bracket and some operators, and the syntax tree is as deep. */
void check_depth(const jinja::std::vector<jinja::token> &tokens) {
    size_t in_tag = 0, brackets = 0;
    for (const jinja::token &token : tokens) {
        switch (token.t) {
        case jinja::token::open_statement:
        case jinja::token::open_expression:
        case jinja::token::text: in_tag = brackets = 0; break;
        case jinja::token::open_paren:
        case jinja::token::open_square_bracket:
        case jinja::token::open_curly_bracket: brackets++; break;
        case jinja::token::close_paren:
        case jinja::token::close_square_bracket:
        case jinja::token::close_curly_bracket: brackets -= brackets > 0; break;
        default: break;
        }
        if (brackets > most_nested || ++in_tag > most_tag) throw Exceeded{"it is nested too deep"};
    }
}

void render(Task *task) {
    jinja::lexer lexer;
    const jinja::lexer_result lexed = lexer.tokenize(Text(ps_text_cstr(&task->source)));
    check_depth(lexed.tokens);
    const jinja::program program = jinja::parse_from_tokens(lexed);

    jinja::context context(lexed.source);
    context.current_time = task->chat->now;
    auto messages = jinja::mk_val<jinja::value_array>();
    const char *at = ps_text_cstr(&task->contents);
    for (size_t i = 0; i < task->n; i++) {
        auto message = jinja::mk_val<jinja::value_object>();
        for (const char *key : {"role", "content"}) {
            message->insert(Text(key), text_value(at));
            at += strlen(at) + 1;
        }
        messages->push_back(jinja::value(message));
    }
    context.set_val("messages", messages);
    context.set_val("add_generation_prompt", jinja::mk_val<jinja::value_bool>(true));
    context.set_val("tools", jinja::mk_val<jinja::value_none>());
    context.set_val("documents", jinja::mk_val<jinja::value_none>());
    if (task->chat->bos != nullptr) context.set_val("bos_token", text_value(task->chat->bos));
    if (task->chat->eos != nullptr) context.set_val("eos_token", text_value(task->chat->eos));

    jinja::runtime runtime(context);
    const auto parts = jinja::runtime::gather_string_parts(runtime.execute(program));
    for (const auto &part : parts->val_str.parts)
        ps_text_append(task->out, part.val.data(), part.val.size());
}

/* The interpreter's message is several lines with a piece of the source; what it says is behind "Error: ". */
void explain(Task *task, const char *message) {
    static const char error[] = "Error: ", raised[] = "Jinja Exception: ", place[] = " at line ";
    const char *where = strstr(message, place), *says = strstr(message, error);
    says = says != nullptr ? says + sizeof error - 1 : message;
    task->refused = strncmp(says, raised, sizeof raised - 1) == 0;
    if (task->refused) {
        says += sizeof raised - 1;
        ps_marked_plain(&task->message, says, strlen(says));
        return;
    }
    ps_marked_plain(&task->message, says, strcspn(says, "\n"));
    if (where != nullptr && where < says)
        ps_text_printf(&task->message, " (%.*s)", static_cast<int>(strcspn(where + 4, "\n") - strlen(" in source:")),
                       where + 4);
}

void attempt(Task *task) {
    try {
        render(task);
        return;
    } catch (const Exceeded &limit) {
        ps_text_printf(&task->message, "%s", limit.what);
    } catch (const ::std::bad_alloc &) {
        task->no_memory = true;
    } catch (const ::std::exception &e) {
        explain(task, e.what());
    } catch (...) {
        ps_text_puts(&task->message, "for a reason unknown");
    }
    task->failed = true;
}

extern "C" {

static void *rendering(void *argument) {
    Task *task = static_cast<Task *>(argument);
    Link list;
    alive = &list;
    Meter used(task->memory, task->chat->processor_seconds > 0 ? task->chat->processor_seconds : 10);
    meter = &used;
    attempt(task);
    meter = nullptr; /* an end is not stopped by a limit */
    while (list.after != &list) {
        Link *link = list.after;
        link->leave();
        link->drop_all();
    }
    return nullptr;
}
}

ps_status start(Task *task, ps_error *err) {
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes) != 0) return ps_nomem(err);
    int failed = pthread_attr_setstacksize(&attributes, stack_size);
    if (failed == 0) failed = pthread_create(&thread, &attributes, rendering, task);
    pthread_attr_destroy(&attributes);
    if (failed != 0) return ps_fail(err, PS_NOMEM, "no thread for the chat template: %s", strerror(failed));
    pthread_join(thread, nullptr);
    return PS_OK;
}

} // namespace

extern "C" ps_status ps_template_render(const ps_template *chat, const ps_chat_message *messages, size_t n,
                                        ps_text *out, bool *refused, ps_error *err) {
    Task task{};
    *refused = false;
    const size_t length = strlen(chat->source), from = out->length;
    if (length > most_source)
        return ps_fail(err, PS_ENGINE, "the model's template has %zu bytes; expected at most %zu", length,
                       static_cast<size_t>(most_source));
    task.chat = chat;
    task.messages = messages;
    task.n = n;
    task.out = out;
    ps_marked_own(&task.source, chat->source, length);
    for (size_t i = 0; i < n; i++)
        for (const char *text : {messages[i].role, messages[i].content}) {
            ps_marked_user(&task.contents, text, strlen(text));
            ps_text_append(&task.contents, "", 1);
        }
    task.memory = (chat->memory > 0 ? chat->memory : 32u << 20) + 64 * (task.source.length + task.contents.length);
    ps_status status = ps_text_ok(&task.source) && ps_text_ok(&task.contents) ? start(&task, err) : ps_nomem(err);
    if (status == PS_OK && (task.no_memory || !ps_text_ok(out) || !ps_text_ok(&task.message))) status = ps_nomem(err);
    if (status == PS_OK && task.failed) {
        *refused = task.refused;
        status = ps_fail(err, PS_ENGINE, "the model's template %s: %s", task.refused ? "refuses" : "cannot be rendered",
                         ps_text_cstr(&task.message));
    }
    if (status != PS_OK && ps_text_ok(out)) out->length = from;
    ps_text_clear(&task.source);
    ps_text_clear(&task.contents);
    ps_text_clear(&task.message);
    return status;
}
