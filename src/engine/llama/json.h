/* In the place of llama.cpp's common/json.h: the interpreter can take its input as JSON, which we do not use (and need
 * no JSON library for). What it says about the type in passing, and nothing that is ever called. */
#pragma once

struct common_json {
    bool is_null() const { return true; }
    bool is_boolean() const { return false; }
    bool is_number_integer() const { return false; }
    bool is_number_float() const { return false; }
    bool is_string() const { return false; }
    bool is_array() const { return false; }
    bool is_object() const { return false; }
    template <typename T> T get() const { return T(); }

    struct iterator {
        const common_json &operator*() const { return value(); }
        const common_json &value() const {
            static const common_json none;
            return none;
        }
        jinja::std::string key() const { return {}; }
        iterator &operator++() { return *this; }
        bool operator!=(const iterator &) const { return false; }
    };
    iterator begin() const { return {}; }
    iterator end() const { return {}; }
};
