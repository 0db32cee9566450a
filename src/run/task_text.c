/* The text of an answer, out of those of its steps. */
#include "run/task.h"

#include <string.h>

static size_t length_up_to(const ps_task *task, uint32_t snapshot) {
    size_t length = 0;
    for (uint32_t at = snapshot; at != 0; at = task->nodes[at].parent)
        length += task->nodes[at].length;
    return length;
}

/* The steps up to a snapshot, the last of them first, into text[0..length]. */
static const char *write_up_to(const ps_task *task, uint32_t snapshot, char *text, size_t length) {
    text[length] = '\0';
    for (uint32_t at = snapshot; at != 0; at = task->nodes[at].parent) {
        length -= task->nodes[at].length;
        memcpy(text + length, task->nodes[at].text, task->nodes[at].length);
    }
    return text;
}

const char *ps_task_text(ps_task *task, uint32_t snapshot) {
    const size_t length = length_up_to(task, snapshot);
    char *text = ps_arena_alloc(task->arena, length + 1);
    return text != NULL ? write_up_to(task, snapshot, text, length) : NULL;
}

const char *ps_task_read(ps_task *task, uint32_t snapshot) {
    const size_t length = length_up_to(task, snapshot);
    if (ps_reserve(&task->read, &task->read_capacity, length + 1) != PS_OK) return NULL;
    return write_up_to(task, snapshot, task->read, length);
}
