/* Lists of requests. */
#include "http/queue.h"

ps_http_item *ps_http_item_create(const ps_http_request *request, uint64_t number) {
    ps_http_item *item = ps_calloc(1, sizeof *item);
    if (item == NULL) return NULL;
    item->request = *request;
    item->number = number;
    item->request.path = item->path = ps_strdup(request->path);
    if (request->body != NULL) item->request.body = item->sent_body = ps_strndup(request->body, request->length);
    if (item->path != NULL && (request->body == NULL || item->sent_body != NULL)) return item;
    ps_http_item_free(item);
    return NULL;
}

void ps_http_item_free(ps_http_item *item) {
    if (item == NULL) return;
    ps_free(item->path);
    ps_free(item->sent_body);
    ps_free(item->message);
    ps_text_clear(&item->body);
    ps_free(item);
}

void ps_http_item_reply(const ps_http_item *item, ps_http_reply *reply) {
    *reply = (ps_http_reply){.tag = item->request.tag,
                             .status = item->status,
                             .code = item->code,
                             .cut = item->cut,
                             .seconds = item->seconds,
                             .attempts = item->attempts};
    if (item->status != PS_OK) reply->message = item->message != NULL ? item->message : ps_status_text(item->status);
    if (!item->has_body) return;
    reply->body = ps_text_cstr(&item->body);
    reply->length = item->body.length;
}

/* ---- Lists --------------------------------------------------------------- */

static void link_between(ps_http_list *list, ps_http_item *before, ps_http_item *item, ps_http_item *next) {
    item->before = before;
    item->next = next;
    if (before != NULL)
        before->next = item;
    else
        list->first = item;
    if (next != NULL)
        next->before = item;
    else
        list->last = item;
    list->n++;
}

void ps_http_list_append(ps_http_list *list, ps_http_item *item) {
    link_between(list, list->last, item, NULL);
}

void ps_http_list_insert(ps_http_list *list, ps_http_item *item) {
    ps_http_item *next = list->first;
    while (next != NULL && next->number < item->number)
        next = next->next;
    link_between(list, next != NULL ? next->before : list->last, item, next);
}

void ps_http_list_remove(ps_http_list *list, ps_http_item *item) {
    if (item->before != NULL)
        item->before->next = item->next;
    else
        list->first = item->next;
    if (item->next != NULL)
        item->next->before = item->before;
    else
        list->last = item->before;
    item->next = item->before = NULL;
    list->n--;
}

void ps_http_list_clear(ps_http_list *list) {
    while (list->first != NULL) {
        ps_http_item *item = list->first;
        ps_http_list_remove(list, item);
        ps_http_item_free(item);
    }
}
