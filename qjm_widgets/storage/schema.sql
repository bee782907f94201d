-- The store at its current version (see migrations.py). Times are seconds since 1970, UTC.
--
-- Set ids are 32 hexadecimal digits; the other tables name a set by `set_key`, which keeps their rows
-- and keys short. JSON columns hold text.

CREATE TABLE job_sets (
    set_key          INTEGER PRIMARY KEY,
    set_id           TEXT NOT NULL UNIQUE,
    name             TEXT NOT NULL,
    backend          TEXT NOT NULL,
    adapter          TEXT NOT NULL,
    circuits         INTEGER NOT NULL,
    created_at       REAL NOT NULL,
    shots_min        INTEGER,
    shots_max        INTEGER,
    tags             TEXT NOT NULL,  -- JSON list
    options          TEXT NOT NULL,  -- JSON object
    unstored_options TEXT NOT NULL,  -- JSON list
    survives_kernel  INTEGER,
    rerun_on_resume  INTEGER,
    resumable        INTEGER NOT NULL,
    recipe           TEXT,
    owner            TEXT,              -- who may write its jobs; may be dead (leases.py)
    epoch            INTEGER NOT NULL DEFAULT 0,  -- grows with each claim
    batch_id         TEXT,
    max_qpu_seconds  REAL,
    complete         INTEGER NOT NULL DEFAULT 1,  -- 0 while its circuits are being written
    transpiles       INTEGER NOT NULL DEFAULT 0,
    unstored_circuits TEXT NOT NULL DEFAULT '[]',  -- JSON list
    precision_min    REAL,
    precision_max    REAL,
    estimates        INTEGER NOT NULL DEFAULT 0,
    points           INTEGER,
    fingerprint      TEXT,
    [group]          TEXT,
    value            REAL,
    taken            INTEGER NOT NULL DEFAULT 0  -- 1 if its circuits were taken from an iterator
);

CREATE INDEX job_sets_newest ON job_sets (created_at);
CREATE INDEX job_sets_of_fingerprint ON job_sets (fingerprint);
CREATE INDEX job_sets_of_group ON job_sets ([group], created_at);

CREATE TABLE jobs (
    set_key          INTEGER NOT NULL REFERENCES job_sets ON DELETE CASCADE,
    row              INTEGER NOT NULL,
    start            INTEGER NOT NULL,
    stop             INTEGER NOT NULL,
    piece            INTEGER NOT NULL,
    pieces           INTEGER NOT NULL,
    shots            INTEGER,
    seed             TEXT,  -- a seed may be beyond 64 bits
    status           TEXT NOT NULL,
    cancel_requested INTEGER NOT NULL,
    attempt          INTEGER NOT NULL,
    job_id           TEXT,
    since            REAL NOT NULL,
    sent_at          REAL,
    running_at       REAL,
    finished_at      REAL,
    checked_at       REAL,
    error            TEXT,
    last_error       TEXT,
    queue_position   INTEGER,
    estimated_seconds REAL,
    qpu_seconds      REAL,
    note             TEXT,
    spent_seconds    REAL,
    failed_circuits  TEXT,  -- JSON list; NULL where a done job has a result of each circuit
    retryable        INTEGER NOT NULL DEFAULT 1,
    precision        REAL,
    points_start     INTEGER,  -- NULL: all points of its circuits
    points_stop      INTEGER,
    pub_shape        TEXT,
    PRIMARY KEY (set_key, row)
) WITHOUT ROWID;

CREATE TABLE history (
    change  INTEGER PRIMARY KEY,  -- grows with time
    set_key INTEGER NOT NULL,
    row     INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    status  TEXT NOT NULL,
    at      REAL NOT NULL,
    job_id  TEXT,
    text    TEXT,
    FOREIGN KEY (set_key, row) REFERENCES jobs ON DELETE CASCADE
);

CREATE INDEX history_of_job ON history (set_key, row);

-- Outcomes and circuits may be large: a rowid table keeps them out of the tree that is searched.
CREATE TABLE outcomes (
    set_key INTEGER NOT NULL,
    row     INTEGER NOT NULL,
    data    BLOB NOT NULL,
    parts   INTEGER NOT NULL DEFAULT 0,  -- so many follow in outcome_parts
    PRIMARY KEY (set_key, row),
    FOREIGN KEY (set_key, row) REFERENCES jobs ON DELETE CASCADE
);

CREATE TABLE outcome_parts (
    set_key INTEGER NOT NULL,
    row     INTEGER NOT NULL,
    part    INTEGER NOT NULL,  -- from 1
    data    BLOB NOT NULL,
    PRIMARY KEY (set_key, row, part),
    FOREIGN KEY (set_key, row) REFERENCES outcomes ON DELETE CASCADE
);

CREATE TABLE circuits (
    set_key  INTEGER NOT NULL REFERENCES job_sets ON DELETE CASCADE,
    start    INTEGER NOT NULL,
    stop     INTEGER NOT NULL,
    encoding TEXT NOT NULL,
    notes    TEXT NOT NULL,
    data     BLOB NOT NULL,
    untranspiled INTEGER NOT NULL DEFAULT 0,
    parts    INTEGER NOT NULL DEFAULT 0,  -- so many follow in circuit_parts
    PRIMARY KEY (set_key, start, stop)  -- `stop` too, so that a search reads no blob
);

CREATE TABLE circuit_parts (
    set_key INTEGER NOT NULL,
    start   INTEGER NOT NULL,
    stop    INTEGER NOT NULL,
    part    INTEGER NOT NULL,  -- from 1
    data    BLOB NOT NULL,
    PRIMARY KEY (set_key, start, stop, part),
    FOREIGN KEY (set_key, start, stop) REFERENCES circuits ON DELETE CASCADE
);

-- A store that drives sets. It lives while the lock on its file is held; other hosts see the beat change.
CREATE TABLE owners (
    owner   TEXT PRIMARY KEY,
    host    TEXT NOT NULL,
    process INTEGER NOT NULL,
    beat    REAL NOT NULL
);

-- When all kernels have submitted lately, for the pace that an account takes.
CREATE TABLE submissions (
    account TEXT NOT NULL,
    at      REAL NOT NULL
);

CREATE INDEX submissions_of_account ON submissions (account, at);
