/* The smallest program that uses an installed persamp. */
#include <persamp/base.h>
#include <stdio.h>

int main(void) {
    puts(ps_status_text(PS_NOMEM));
    return 0;
}
