"""An Apache of our own with Debian's modules, in front of a peer; no service of the system is touched."""

import glob
import grp
import os
import pwd

from ..lab import HOST, free_port

MODULES = "/usr/lib/apache2/modules"
WORKER = "www-data"


def start(lab, configuration, modules, environment=None):
    """Starts it with this configuration, given the port; returns the process, and the base URL."""
    port = free_port()
    base = f"https://{HOST}:{port}"
    loaded = "".join(f"LoadModule {name} {_module(file)}\n" for name, file in modules.items())
    lab.write("apache2.conf", f"""\
ServerRoot {lab.folder}
ServerName {base}
PidFile {lab.folder}/apache2.pid
Mutex file:{lab.folder} default
Listen 127.0.0.1:{port}
User {WORKER}
Group {WORKER}
ErrorLog {lab.folder}/apache2-error.log
LoadModule mpm_prefork_module {MODULES}/mod_mpm_prefork.so
LoadModule authz_core_module {MODULES}/mod_authz_core.so
LoadModule alias_module {MODULES}/mod_alias.so
LoadModule env_module {MODULES}/mod_env.so
LoadModule mime_module {MODULES}/mod_mime.so
LoadModule reqtimeout_module {MODULES}/mod_reqtimeout.so
LoadModule ssl_module {MODULES}/mod_ssl.so
{loaded}TypesConfig /dev/null
# As Debian sets it up.
StartServers 5
MinSpareServers 5
MaxSpareServers 10
MaxRequestWorkers 150
RequestReadTimeout header=20-40,minrate=500 body=10,minrate=500
SSLEngine on
SSLProtocol all -SSLv3
SSLSessionCache none
SSLCertificateFile {lab.tls_certificate}
SSLCertificateKeyFile {lab.tls_key}
{configuration.replace('@base@', base)}
""")
    command = [_program(), "-DFOREGROUND", "-f", f"{lab.folder}/apache2.conf"]
    return lab.start(command, "apache2.log", port, environment), base


def give_to_worker(path, mode=0o700):
    """Makes a file or a folder the worker's own, who is somebody else."""
    os.chown(path, pwd.getpwnam(WORKER).pw_uid, grp.getgrnam(WORKER).gr_gid)
    os.chmod(path, mode)


def _program():
    for path in ("/usr/sbin/apache2", "/usr/bin/apache2"):
        if os.access(path, os.X_OK):
            return path
    raise SystemExit("apache2 is not installed: apt-get install apache2-bin")


def _module(file):
    found = glob.glob(f"{MODULES}/{file}")
    if not found:
        raise SystemExit(f"Apache's {file} is not installed")
    return found[0]
