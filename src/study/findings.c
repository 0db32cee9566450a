#include "study/findings.h"

#include <string.h>

enum { ROOM = 640 }; /* of the 1,023 bytes of a message; the first is shown whatever its length */

ps_status ps_findings_note(ps_findings *findings, ps_status status, const ps_error *why, size_t more, ps_error *err) {
    if (status == PS_OK) return PS_OK;
    if (status != PS_ARG && status != PS_FORMAT) return ps_fail(err, status, "%s", why->message);
    if (findings->n++ == 0) findings->first = status;
    findings->other = findings->other || status == PS_ARG;
    if (findings->shown > 0 && findings->text.length + strlen(why->message) > ROOM) return PS_OK;
    size_t length = strlen(why->message);
    if (length > 0 && why->message[length - 1] == '\n') length--;
    ps_text_printf(&findings->text, "%.*s\n", (int)length, why->message);
    if (more > 0) ps_text_printf(&findings->text, "  and %zu more line%s of this file\n", more, more == 1 ? "" : "s");
    findings->shown++;
    return ps_text_ok(&findings->text) ? PS_OK : ps_nomem(err);
}

ps_status ps_findings_tell(ps_findings *findings, const char *advice, ps_error *err) {
    ps_status status = PS_OK;
    if (findings->n > findings->shown) ps_text_printf(&findings->text, "and %zu more\n", findings->n - findings->shown);
    if (!ps_text_ok(&findings->text))
        status = ps_nomem(err);
    else if (findings->n > 0)
        status = ps_fail(err, findings->first, "%s%s", ps_text_cstr(&findings->text), findings->other ? advice : "");
    ps_text_clear(&findings->text);
    *findings = (ps_findings){0};
    return status;
}
