# SPDX-License-Identifier: Apache-2.0
# What measurements share; read by bash with "set -eu" on, after tools/common.sh. Wants: here (the sources), folder (for
# the build and logs). Sets: scratch, user, httpd, modules, pgbin, postmaster.

mkdir -p "$folder"
um_log=$folder/build.log

# --- what is started is stopped ---------------------------------------------------------------------------------------

scratch='' servers='' cluster=no postmaster=''
as_user()
{
    if um_is_root; then um_as "$user" "$@"; else "$@"; fi
}

# The parent process of a server. The servers' user owns the folders that are written while they run, and may have put
# links there: root reads them with that user's rights.
pid_of()
{
    as_user cat "$scratch/$1/run/httpd.pid"
}

finish()
{
    local status=$? name pid
    trap - EXIT INT TERM HUP
    for name in $servers; do
        pid=$(pid_of "$name" 2>/dev/null) && as_user kill -TERM "$pid" 2>/dev/null || :
    done
    for name in $servers; do
        for _ in $(seq 100); do
            [ -f "$scratch/$name/run/httpd.pid" ] || break
            sleep 0.1
        done
        as_user cat "$scratch/$name/run/error.log" 2>/dev/null >"$folder/$name.log" || :
    done
    if [ "$cluster" = yes ]; then
        as_user cat "$scratch/pg/data/log" 2>/dev/null >"$folder/postgresql.log" || :
        as_user "$pgbin/pg_ctl" -D "$scratch/pg/data" -m immediate stop >/dev/null 2>&1 || :
    fi
    [ -z "$scratch" ] || rm -rf "$scratch"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# --- build ------------------------------------------------------------------------------------------------------------

# bench_compile NAME: t/bench/NAME.c with our libraries, into the folder.
bench_compile()
{
    local packages='apr-util-1 apr-1 json-c libcrypto libutf8proc libcurl libargon2 libidn2 libxcrypt'
    gcc -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -o "$folder/$1" "$here/t/bench/$1.c" \
        $(find "$here"/src/{core,store,lib} -type d -printf '-I%p ') "$folder"/src/libum_{core,store,lib}.a \
        $(pkg-config --cflags --libs $packages) >"$um_log" 2>&1 ||
        { cat "$um_log" >&2; um_die "$1.c does not compile"; }
}

# bench_build PACKAGE...: the module, mod_bench.so and mint in a scratch folder's bin, from where the servers' user can
# read.
bench_build()
{
    local apxs
    um_packages yes apache2-bin apache2-dev autoconf automake pkg-config gcc libc6-dev make perl openssl curl \
        wrk libapr1-dev libaprutil1-dev libaprutil1-dbd-sqlite3 libaprutil1-dbd-pgsql postgresql libjson-c-dev \
        libssl-dev libcurl4-openssl-dev libutf8proc-dev libargon2-dev libidn2-dev libcrypt-dev "$@"
    exec 9>"$folder/.lock"
    flock -n 9 || { echo "waiting for another build in the same folder"; flock 9; }
    echo "building in ${folder#"$here/"}"
    um_copy_sources "$here" "$folder/src"
    um_build "$folder/src" "" all
    apxs=$(PATH=$PATH:/usr/sbin command -v apxs || PATH=$PATH:/usr/sbin command -v apxs2)
    modules=$("$apxs" -q LIBEXECDIR)
    httpd=$("$apxs" -q SBINDIR)/$("$apxs" -q PROGNAME)
    gcc -O2 -fPIC -shared -Wall -Wextra -o "$folder/mod_bench.so" "$here/t/bench/mod_bench.c" \
        -I"$("$apxs" -q INCLUDEDIR)" $(pkg-config --cflags apr-1 apr-util-1) $(pkg-config --libs libcrypto) \
        >"$um_log" 2>&1 || { cat "$um_log" >&2; um_die "mod_bench.c does not compile"; }
    bench_compile mint
    scratch=$(um_open_folder usermgmt-bench)
    mkdir "$scratch/bin" "$scratch/pg"
    mkdir -m 700 "$scratch/db"
    cp "$folder/src/mod_usermgmt.so" "$folder/src/usermgmt" "$folder/mint" "$folder/mod_bench.so" "$scratch/bin/"
    exec 9>&-
    user=$(id -un)
    ! um_is_root || user=$(um_unprivileged)
    ! um_is_root || chown "$user:" "$scratch/db" "$scratch/pg"
    cd "$scratch"
}

# --- databases and servers --------------------------------------------------------------------------------------------

pgbin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || :)
[ -n "$pgbin" ] || pgbin=$(dirname "$(command -v initdb || echo /usr/bin/initdb)")

# start_cluster SETTING...: a PostgreSQL that listens in the scratch folder alone.
start_cluster()
{
    as_user "$pgbin/initdb" -D pg/data -U usermgmt -A trust -E UTF8 --locale=C.UTF-8 --no-sync >pg.log 2>&1 ||
        { cat pg.log >&2; um_die "initdb failed"; }
    printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$scratch/pg'" "$@" |
        as_user tee -a pg/data/postgresql.conf >/dev/null
    cluster=yes
    as_user "$pgbin/pg_ctl" -D pg/data -l pg/data/log -w start >/dev/null 2>&1 || um_die "PostgreSQL did not start"
    as_user "$pgbin/createdb" -h "$scratch/pg" -U usermgmt accounts
    postmaster=$(as_user head -n 1 pg/data/postmaster.pid)
}

# A port of this run (t/ports) on which nobody listens; each call gives another one.
free_port()
{
    local port=$(cat "$scratch/port" 2>/dev/null || echo "$UM_TEST_PORT")
    while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
        port=$((port + 1))
    done
    echo $((port + 1)) >"$scratch/port"
    echo "$port"
}

params()
{
    case $1 in
        pgsql) echo "host=$scratch/pg user=usermgmt dbname=accounts" ;;
        sqlite3) echo "$scratch/db/accounts.db" ;;
    esac
}

# start_server NAME DATABASE: listens on the port in the variable port_NAME. The standard input is more configuration.
start_server()
{
    local name=$1 database=$2 port module
    port=$(free_port)
    eval "port_$name=$port"
    mkdir -p "$name/htdocs/private" "$name/run"
    echo hello | tee "$name/htdocs/private/hello.txt" >"$name/htdocs/hello.txt"
    head -c 1024 /dev/zero | tr '\0' x | tee "$name/htdocs/private/1k.txt" >"$name/htdocs/1k.txt"
    ! um_is_root || chown "$user:" "$name/run"
    {
        for module in mpm_event dbd watchdog authn_core authz_core authz_user env; do
            [ ! -f "$modules/mod_$module.so" ] || echo "LoadModule ${module}_module $modules/mod_$module.so"
        done
        cat <<END
ServerRoot $scratch/$name
ServerName 127.0.0.1
Listen 127.0.0.1:$port
PidFile $scratch/$name/run/httpd.pid
DefaultRuntimeDir $scratch/$name/run
ErrorLog $scratch/$name/run/error.log
DocumentRoot $scratch/$name/htdocs
LogLevel warn
MaxKeepAliveRequests 0
StartServers 2
ServerLimit 2
ThreadsPerChild 25
MinSpareThreads 1
MaxSpareThreads 50
MaxRequestWorkers 50
DBDriver $database
DBDParams "$(params "$database")"
DBDMin 1
DBDKeep 8
DBDMax 16
END
        cat
    } >"$name/httpd.conf"
    servers="$servers $name"
    as_user "$httpd" -f "$scratch/$name/httpd.conf" >"$name/start.log" 2>&1 </dev/null ||
        { cat "$name/start.log" >&2; um_die "httpd did not start"; }
    for _ in $(seq 50); do
        ! curl -q -s -f --noproxy '*' -o /dev/null "http://127.0.0.1:$port/hello.txt" || return 0
        sleep 0.1
    done
    as_user cat "$name/run/error.log" >&2
    um_die "the server $name does not answer"
}

# --- measuring --------------------------------------------------------------------------------------------------------

children()
{
    cat /proc/[0-9]*/stat 2>/dev/null | sed 's/ (.*) / /' | awk -v parent="$1" '$3 == parent { print $1 }'
}

# A server may have hosts with ports of their own: SERVER:HOST has the variable port_SERVER_HOST.
port_of()
{
    local name=port_${1/:/_}
    echo "${!name}"
}

# cpu NAME: microseconds that the server and PostgreSQL's processes have had so far, those that have ended included.
cpu()
{
    local parent=$(pid_of "${1%%:*}") pid
    for pid in $parent $(children "$parent") $postmaster $(children "$postmaster"); do
        sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null || :
    done | awk -v hz="$(getconf CLK_TCK)" '{ sum += $12 + $13 + $14 + $15 } END { printf "%d\n", sum * 1000000 / hz }'
}

note()
{
    echo "$2" >>"$scratch/figures.$1"
}

median()
{
    sort -n "$scratch/figures.$1" |
        awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# measure FIGURE SERVER CONNECTIONS PATH [WORDS FOR WRK...]: as many requests as there is time for; *count* of them.
measure()
{
    local figure=$1 server=$2 connections=$3 path=$4 before after output
    shift 4
    before=$(cpu "$server")
    output=$(wrk -t1 -c"$connections" -d"${seconds}s" "$@" "http://127.0.0.1:$(port_of "$server")$path")
    after=$(cpu "$server")
    case $output in *Non-2xx*|*'Socket errors'*) echo "$output" >&2; um_die "$figure: not every answer was good" ;; esac
    count=$(echo "$output" | awk '/ requests in / { print $1 }')
    note "$figure" "$(awk -v us=$((after - before)) -v n="$count" 'BEGIN { print us / n }')"
    note "$figure.rate" "$(echo "$output" | awk '/^Requests.sec/ { print $2 }')"
}

missed=0
# goal TEXT VALUE LIMIT: prints the end of a line. A goal that begins with > is one for at least so much.
goal()
{
    local sign='<='
    case $1 in '>'*) sign='>=' ;; esac
    if awk -v value="$2" -v limit="$3" "BEGIN { exit !(value $sign limit) }"; then
        printf '  goal %-12s reached\n' "$1"
    else
        printf '  goal %-12s MISSED\n' "$1"
        missed=1
    fi
}

line()
{
    printf '%-44s %9.0f us %9.0f /s' "$1" "$(median "$2")" "$(median "$2.rate")"
}
