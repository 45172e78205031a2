"""Configuration of nginx, which terminates TLS and HTTP for every name and keeps the truth.

It also sends the 307 of a registry to its data endpoint or to managed storage, as Azure does: the
distribution registry has no driver for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from names import Group

REGISTRY_PORT = 5000
STORAGE_PORT = 10000
SINK_PORT = 9000

LOG = (
    '{"end":$msec,"seconds":$request_time,"client_ip":"$remote_addr","client_port":$remote_port,'
    '"server_ip":"$server_addr","server_port":$server_port,"sni":"$ssl_server_name",'
    '"host":"$http_host","authority":"$host","method":"$request_method","uri":"$uri",'
    '"status":$status,"http":"$server_protocol","tls":"$ssl_protocol",'
    '"resumed":"$ssl_session_reused","request_bytes":$request_length,'
    '"content_length":"$http_content_length","forwarded":"$proxy_internal_body_length",'
    '"response_bytes":$bytes_sent,"download_body_bytes":$body_bytes_sent,'
    '"connection":$connection,"nth":$connection_requests,"agent":"$http_user_agent"}'
)

HEAD = """\
user root;
worker_processes 1;
daemon off;
pid {run}/nginx.pid;
error_log {run}/nginx-error.log;
events {{ worker_connections 4096; }}
http {{
  log_format lab escape=json '{log}';
  access_log {run}/access.log lab;
  client_body_temp_path {run}/body;
  proxy_temp_path {run}/proxy;
  fastcgi_temp_path {run}/fastcgi;
  uwsgi_temp_path {run}/uwsgi;
  scgi_temp_path {run}/scgi;
  merge_slashes off;
  client_max_body_size 0;
  client_body_buffer_size 128k;
  large_client_header_buffers 8 64k;
  keepalive_requests 100000;
  ssl_session_cache shared:tls:4m;
  ssl_protocols TLSv1.2 TLSv1.3;
  proxy_http_version 1.1;
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-Proto https;
  map $host $where_layers_are {{
    default "https://contoso.eastus.data.azurecr.io/?t=9C0F5A4E66F0C4C0BD1B2C6B5A1FB4B1C7D0E3A2&h=$host&c=2f1d6f0a-4c7e-4b53-9a51-6b1f2f1e8f57&r=app&d=sha256:";
    contosolegacy.azurecr.io "https://eusmanaged63.blob.core.windows.net/8d1f3a5c7e9b2460-3f5b7d9e1a2c4e6f8091a3b5c7d9eb0d-5c1e7a93f2//docker/registry/v2/blobs/sha256/";
  }}
"""

LISTEN = """\
    listen 443 ssl http2; listen [::]:443 ssl http2; listen 80; listen [::]:80;
    server_name {names};
    ssl_certificate {chain};
    ssl_certificate_key {key};
"""

CHALLENGE = """\
if ($http_authorization = "") {
        add_header WWW-Authenticate 'Bearer realm="https://$host/oauth2/token",service="$host"' always;
        return 401;
      }"""  # noqa: E501

BODIES = {
    "registry": """\
    location = /oauth2/token {{ default_type application/json; alias {run}/token.json; }}
    location ~ "^/v2/.+/blobs/sha256:(?<ab>[0-9a-f][0-9a-f])(?<rest>[0-9a-f]+)$" {{
      {challenge}
      set $to "$where_layers_are$ab$rest";
      if ($host = contosolegacy.azurecr.io) {{
        set $to "$where_layers_are$ab/$ab$rest/data?se=2026-11-28T09%3A00%3A00Z&sig=bGFi&sp=r&spr=https&sr=b&sv=2018-03-28";
      }}
      if ($request_method = GET) {{ return 307 $to; }}
      proxy_pass http://127.0.0.1:{registry};
    }}
    location /v2/ {{
      {challenge}
      proxy_pass http://127.0.0.1:{registry};
    }}
""",  # noqa: E501
    "data": """\
    location / {{
      if ($arg_d ~ "^sha256:(?<ab>[0-9a-f][0-9a-f])(?<rest>[0-9a-f]+)$") {{
        rewrite ^ /layer/$ab/$ab$rest last;
      }}
      proxy_pass http://127.0.0.1:{sink};
    }}
    location ~ "^/layer/(..)/(.+)$" {{ internal; alias {layers}/$1/$2/data; }}
""",
    "managed": """\
    location ~ "//docker/registry/v2/blobs/sha256/(..)/([0-9a-f]+)/data$" {{
      alias {layers}/$1/$2/data;
    }}
    location / {{ return 404; }}
""",
    "storage": """\
    location / {{ proxy_pass http://127.0.0.1:{storage}; }}
""",
    "sink": """\
    location / {{ proxy_pass http://127.0.0.1:{sink}; }}
""",
    "git": """\
    location / {{
      include /etc/nginx/fastcgi_params;
      fastcgi_param SCRIPT_FILENAME /usr/lib/git-core/git-http-backend;
      fastcgi_param GIT_HTTP_EXPORT_ALL "";
      fastcgi_param GIT_PROJECT_ROOT {run}/git;
      fastcgi_param PATH_INFO $uri;
      fastcgi_param REMOTE_USER agent;
      fastcgi_pass unix:{run}/fcgi.sock;
    }}
""",
}


def render(groups: list[Group], certificates: list[tuple[Path, Path]], run: Path) -> str:
    """The whole file."""
    places = {
        "run": run, "layers": run / "registry/docker/registry/v2/blobs/sha256",
        "challenge": CHALLENGE, "registry": REGISTRY_PORT, "storage": STORAGE_PORT,
        "sink": SINK_PORT,
    }  # fmt: skip
    parts = [HEAD.format(run=run, log=LOG)]
    for group, (chain, key) in zip(groups, certificates, strict=True):
        names = " ".join(host.name for host in group.hosts)
        listen = LISTEN.format(names=names, chain=chain, key=key)
        parts.append("  server {\n" + listen + BODIES[group.backend].format(**places) + "  }\n")
    chain, key = certificates[-1]
    default = LISTEN.format(names="_", chain=chain, key=key).replace(
        "443 ssl http2;", "443 ssl http2 default_server;"
    )
    default = default.replace("listen 80;", "listen 80 default_server;")
    default = default.replace("[::]:80;", "[::]:80 default_server;")
    parts.append("  server {\n" + default + BODIES["sink"].format(**places) + "  }\n}\n")
    return "".join(parts)
