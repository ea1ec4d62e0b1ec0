<?php
// What stands around the page's lines: where a throw-away installation keeps its things.
$config = [
    'secretsalt' => 'throw-away',
    'auth.adminpassword' => 'throw-away',
    'metadatadir' => '@folder@/config/metadata',
    'datadir' => '@folder@/data',
    'tempdir' => '@folder@/data',
    'loggingdir' => '@folder@/data',
    'logging.handler' => 'file',
    'timezone' => 'UTC',
    'session.phpsession.savepath' => '@folder@/data',
    'session.cookie.secure' => true,
    'session.cookie.samesite' => 'None',
];
@page@
