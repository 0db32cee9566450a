#!/bin/sh
# n particles cost n: no method has more steps under way, and what it could use it uses.
. "${PERSAMP_SOURCE:?}/tests/cli/common.sh"

# The most steps that one iteration had, as the live view tells.
widest() { awk '/^iteration [0-9]+: / {n = $3 + 0; if (n > most) most = n} END {print most + 0}' out; }

methods=$("$P" info --engine.type=toy | sed -n 's/^methods *//p')
[ -n "$methods" ] || fail "persamp info names no methods"
for method in $methods; do
    for n in 1 2 3 4 5 6 7 8 9; do
        expect 0 "answer:" "$P" solve --engine.type=toy --method="$method" --generation.n_particles=$n --verbose x
        case $method in
        greedy) used=1 ;;
        power_mcmc) used=$(((n + 7) / 8 > 1 ? n / 8 : 1)) ;;
        *) used=$n ;;
        esac
        [ "$(widest)" = "$used" ] || fail "$method with $n particles has $(widest) steps at once"
    done
done
# Settings of the methods' own do not make n more.
for setting in beam.width=9 beam.expansion=50 dvts.subtrees=9 power_mcmc.chains=9; do
    for method in beam dvts power_mcmc; do
        expect 0 "answer:" "$P" solve --engine.type=toy --method=$method --generation.n_particles=5 --$setting --verbose x
        [ "$(widest)" -le 5 ] || fail "$method with 5 particles and $setting has $(widest) steps at once"
    done
done
# It is said that they ask for more than they get, of the method's own.
expect 0 "beam.width is 9, of which generation.n_particles 5 pays for 2" "$P" solve --engine.type=toy --method=beam \
    --generation.n_particles=5 --beam.width=9 x
expect 0 "dvts.subtrees is 3, of which generation.n_particles 8 pays for 2" "$P" solve --engine.type=toy --method=dvts \
    --dvts.subtrees=3 x
expect 0 "power_mcmc.chains is 9, of which generation.n_particles 8 pays for 8" "$P" solve --engine.type=toy \
    --method=power_mcmc --power_mcmc.chains=9 x
for arguments in '--method=beam --beam.width=2' '--method=dvts --beam.width=9' '--method=beam --beam.expansion=8' \
    '--method=beam --generation.n_particles=1' ''; do
    # shellcheck disable=SC2086 # words
    expect 0 "answer:" "$P" solve --engine.type=toy $arguments x
    if grep -q 'pays for' err; then fail "a warning that is none: $arguments"; fi
done

# One particle that is bound to its own path has nothing more to do, whatever the budget.
expect 0 "answer:" timeout 60 "$P" solve --engine.type=toy --method=particle_gibbs --generation.n_particles=1 \
    --ps.budget.max_tokens=400 x
finish
