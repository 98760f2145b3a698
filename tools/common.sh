# SPDX-License-Identifier: Apache-2.0
# What quickstart and runtests share; read by bash with "set -eu" on.

# What the servers' user has to read must not depend on the caller's habits; what nobody else may read says so itself.
umask 022

um_die()
{
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

um_is_root()
{
    [ "$(id -u)" -eq 0 ]
}

# um_packages yes|no PACKAGE...: installs the Debian packages that are missing. "no", or another user than root: names
# them and ends, because a build that goes on would fail later with a worse message. Elsewhere than on Debian configure
# tells.
um_packages()
{
    local may=$1 missing= package
    shift
    command -v dpkg-query >/dev/null || return 0
    for package in "$@"; do
        case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
            installed) ;;
            *) missing="$missing $package" ;;
        esac
    done
    [ -n "$missing" ] || return 0
    if [ "$may" != yes ] || ! um_is_root; then
        um_die "Debian packages are missing; as root: apt-get install --no-install-recommends$missing"
    fi
    echo "installing$missing"
    # RUNLEVEL=1: a package that brings a service must not start it here.
    (export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
     { apt-get -q update && apt-get -q -y install --no-install-recommends $missing; } >"$um_log" 2>&1 </dev/null) ||
        { tail -n 20 "$um_log" >&2; um_die "apt-get failed, see $um_log"; }
}

# um_copy_sources FROM TO: brings TO up to date with the sources in FROM, without what a build in FROM may have left
# there: make prefers such leftovers to its own, so a build elsewhere over a configured folder would mix the two.
um_copy_sources()
{
    local from=$1 to=$2
    # libtool and make write absolute paths into what they build: of no use after the folder was moved.
    [ ! -d "$to" ] || [ "$(cat "$to/.place" 2>/dev/null)" = "$to" ] || rm -rf "$to"
    mkdir -p "$to"
    printf '%s\n' "$to" >"$to/.place"
    (cd "$from" && find . \
        \( -name .git -o -name .deps -o -name .libs -o -path ./build -o -path ./run -o -path './run-*' -o -path ./m4 \
           -o -path ./build-aux -o -path ./autom4te.cache -o -path './mod_usermgmt-[0-9]*' \) -prune -o \
        \( -type f -o -type l \) \
        ! -name '*.o' ! -name '*.lo' ! -name '*.la' ! -name '*.a' ! -name '*.gcda' ! -name '*.gcno' ! -name .dirstamp \
        ! -path ./Makefile ! -path ./Makefile.in ! -path ./configure ! -path './configure~' ! -path ./aclocal.m4 \
        ! -path './config.*' ! -path ./libtool ! -path ./usermgmt ! -path ./src/store/schema_steps.inc \
        \( ! -path './t/unit/*' -o -name '*.[ch]' \) \( ! -path './t/fuzz/fuzz_*' -o -name '*.c' \) -print) |
        LC_ALL=C sort >"$to/.sources.new"
    if [ -f "$to/.sources" ]; then
        LC_ALL=C comm -23 "$to/.sources" "$to/.sources.new" | (cd "$to" && tr '\n' '\0' | xargs -0 -r rm -f --)
    fi
    # Times are kept, so that make compiles only what has changed.
    tar -C "$from" -cf - --no-recursion -T "$to/.sources.new" | tar -C "$to" -xf - --no-same-owner
    mv "$to/.sources.new" "$to/.sources"
}

# um_build FOLDER "CONFIGURE ARGUMENTS" TARGET...: makes the targets in a copy of the sources, in as few steps as do.
um_build()
{
    local folder=$1 arguments=$2 step
    shift 2
    step=autoreconf
    if (cd "$folder"
        if [ ! -x configure ] || [ configure.ac -nt configure ]; then
            autoreconf -i
            rm -f .configured
        fi
        step=configure
        if [ ! -f .configured ] || [ ! -f Makefile ] || [ "$(cat .configured)" != "$arguments" ]; then
            rm -f .configured
            ./configure $arguments
            printf '%s' "$arguments" >.configured
        fi
        make -j "$(nproc)" "$@") >"$um_log" 2>&1 </dev/null
    then
        return 0
    fi
    grep -E -m 20 "(error|Error):? |\*\*\*|embed-sql: " "$um_log" >&2 || tail -n 20 "$um_log" >&2
    um_die "the build failed, see $um_log"
}

# um_unprivileged: prints the user that servers run as when root starts them.
um_unprivileged()
{
    local user
    for user in www-data nobody; do
        if id -u "$user" >/dev/null 2>&1; then
            echo "$user"
            return 0
        fi
    done
    um_die "neither the user www-data nor nobody exists: httpd must not run as root"
}

# um_open_folder NAME: makes and prints a fresh folder for temporary files that other users can pass through.
um_open_folder()
{
    local parent folder user
    for parent in "${TMPDIR:-/tmp}" /var/tmp; do
        folder=$(mktemp -d "$parent/$1.XXXXXX") || continue
        chmod 755 "$folder"
        if ! um_is_root || um_as "$(um_unprivileged)" test -r "$folder/."; then
            echo "$folder"
            return 0
        fi
        rmdir "$folder"
    done
    um_die "no folder for temporary files that an unprivileged user can use"
}

# um_as USER COMMAND...: runs it as that user, with his groups alone.
um_as()
{
    local user=$1
    shift
    setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups "$@"
}
