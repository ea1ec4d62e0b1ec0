# The web server in front of a peer; sourced by `run`. Debian's nginx with a configuration of its own:
# TLS as Homerealm has it, one process a processor, its access log on, connections kept.

# The configuration of one that listens on port $1, with its files in $2; $3 are the locations.
nginx_configuration() {
    cat <<NGINX
daemon off;
pid $2/nginx.pid;
error_log $2/nginx.log warn;
worker_processes $processors;
events { worker_connections 4096; }
http {
    include /etc/nginx/mime.types;
    client_body_temp_path $2/body;
    proxy_temp_path $2/proxy;
    fastcgi_temp_path $2/fastcgi;
    uwsgi_temp_path $2/uwsgi;
    scgi_temp_path $2/scgi;
    access_log $2/access.log combined;
    tcp_nopush on;
    # A page and an answer fit, so that none goes by way of a file.
    fastcgi_buffer_size 32k;
    fastcgi_buffers 16 32k;
    client_body_buffer_size 64k;
    # The load generator's connections last as long as a run.
    keepalive_timeout 75;
    keepalive_requests 1000000;
    server {
        listen 127.0.0.1:$1 ssl backlog=1024;
        server_name idp.localhost;
        ssl_certificate $folder/server.pem;
        ssl_certificate_key $2/server.key;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache shared:tls:1m;
$3
    }
}
NGINX
}
