# What the runs share: building, certificates, configurations, the server as a process, and the load
# generator; sourced. Everything is below $folder, on loopback.
PATH=$PATH:/usr/sbin

fail() {
    echo "run: $*" >&2
    exit 2
}

say() { echo "== $*" >&2; }

need_tools() {
    local tool
    for tool in slapd slapadd slappasswd openssl python3 cargo; do
        command -v "$tool" > /dev/null || fail "$tool is missing"
    done
}

free_ports() {
    python3 - "$1" <<'PYTHON'
import socket, sys
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(each.getsockname()[1] for each in sockets))
PYTHON
}

# One certificate for both servers, of a CA of its own.
make_certificates() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
        -subj '/CN=Throw-away CA' -keyout ca.key -out ca.pem \
        -addext keyUsage=critical,keyCertSign
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -subj /CN=localhost -keyout server.key -out server.csr
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
        -extfile <(printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n') -out server.pem
    chmod 600 server.key
}

# The lines of a listener by TLS, and of one behind a proxy.
readonly by_tls=$'tls_certificate = "server.pem"\ntls_key = "server.key"'
readonly behind_a_proxy=$'plain_http_behind_a_tls_proxy = true\ntrusted_proxies = ["127.0.0.1"]'

# Whoever signs in counts as failed until the password has been checked, and all of them come from here.
readonly attempts=1000

# The configuration of a server on port $1 with the listener $2, for the accounts below $3, whose
# mappings are remembered for $4 seconds.
configuration() {
    cat <<TOML
base_url = "https://localhost:$1"
[listen]
address = "127.0.0.1:$1"
$2
[signing]
key = "signing.key"
certificate = "signing.crt"
[ws_trust]
enabled = true
[guard]
failures_per_source = $attempts
[[federated_domain]]
suffix = "partners.contoso.com"
issuer = "https://login.contoso.com/partners"
[[relying_party]]
entity_id = "urn:federation:MicrosoftOnline"
preset = "entra"
assertion_consumer_services = ["https://login.microsoftonline.com/login.srf"]
[directory]
servers = ["ldaps://127.0.0.1:$ldap_port"]
ca = "ca.pem"
bind_dn = "cn=homerealm,$3"
bind_password = { file = "directory-password" }
base = "$3"
mapping_cache_seconds = $4
TOML
}

# The release binary, on port $1 with the configuration $2; its log goes to $2.log.
serve() {
    "$binary" serve --config "$2" 2> "$2.log" &
    local pid=$! tries
    for ((tries = 0; tries < 200; tries++)); do
        kill -0 "$pid" 2> /dev/null || break
        (: < "/dev/tcp/127.0.0.1/$1") 2> /dev/null && { started=$pid; return; }
        sleep 0.05
    done
    tail -n 5 "$2.log" >&2
    fail "the server does not start"
}

# Sets $binary and $generator; HOMEREALM and LOAD may name others than what is built here.
build() {
    say "building (release)"
    generator=${LOAD:-}
    binary=${HOMEREALM:-}
    if [[ -z $binary ]]; then
        cargo build --release --quiet
        binary=$(cargo metadata --format-version 1 --no-deps --offline |
            python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/release/homerealm
    fi
    # The generator's own path comes from cargo, since it carries a hash.
    [[ -n $generator ]] ||
        generator=$(cargo bench --no-run --quiet --bench load --message-format json |
            python3 -c 'import json, sys
print(*(message["executable"] for message in map(json.loads, sys.stdin)
        if message.get("executable") and message["target"]["name"] == "load"))')
}

# Certificates, keys and the directory password below $folder; $binary makes the signing key.
make_keys() {
    (cd "$folder" && make_certificates) 2> "$folder/openssl.log" || fail "$(cat "$folder/openssl.log")"
    (umask 077 && printf %s "$password" > "$folder/directory-password")
    "$binary" keys new --folder "$folder" > /dev/null 2>&1 || fail "no signing key could be made"
}

# Waits until `homerealm check` is content with the configuration $1.
await_content() {
    local tries
    for ((tries = 0; tries < 100; tries++)); do
        "$binary" check --config "$1" > "$folder/check.log" 2>&1 && return
        sleep 0.1
    done
    cat "$folder/check.log" >&2
    fail "homerealm check is not content"
}

# Runs the generator at the server on port $1, which is process $2, with the arguments that follow; its
# report is $folder/one.json. Any error at all is a failure.
generate() {
    local port=$1 pid=$2
    shift 2
    timeout 300 "$generator" --base-url "https://localhost:$port" --ca "$folder/ca.pem" \
        --server-pid "$pid" --user 'u{n}@fabrikam.com' --password "$password" "$@" \
        > "$folder/one.json" || { cat "$folder/one.json" >&2; fail "the generator failed"; }
}
