-- one row a visit, in the order in which they took place: what the tables below are made of
CREATE TEMPORARY TABLE plan ON COMMIT DROP AS
WITH clients AS (
    SELECT row_number() OVER (ORDER BY id) - 1 AS place, id, sector_id, file_manager_id,
           first_name || ' ' || last_name AS name
    FROM client WHERE active
), teams AS (
    SELECT sector_id, array_agg(worker_id ORDER BY worker_id) AS workers FROM worker_sector GROUP BY sector_id
), known AS (SELECT array_agg(id ORDER BY id) AS services FROM service), everybody AS (
    SELECT array_agg(id ORDER BY id) AS workers FROM worker
), numbered AS (
    SELECT n, hashint8(n) & 2147483647 AS a, hashint8(n + 77777777777) & 2147483647 AS b,
           CURRENT_DATE - CAST(:days AS int) + CAST(n * :days / :visits AS int) AS day,
           n * :days / :visits > :days - 366 AS asked
    FROM generate_series(0, CAST(:visits AS bigint) - 1) n
), placed AS (
    SELECT n, a, b, asked, day + interval '7 hours' + 15 * (a / 1000 % 48) * interval '1 minute' AS local_start,
           c.*, coalesce(t.workers, everybody.workers) AS workers, services
    FROM numbered JOIN clients c ON c.place = a % (SELECT count(*) FROM clients)
    LEFT JOIN teams t ON t.sector_id = c.sector_id CROSS JOIN known CROSS JOIN everybody
)
SELECT n + 1000000 AS id, a, b, id AS client_id, sector_id, file_manager_id AS manager_id, name, local_start,
       local_start AT TIME ZONE 'Europe/Paris' AS starts_at,
       local_start AT TIME ZONE 'Europe/Paris' + interval '1 hour' AS ended_at,
       services[1 + least(b % 100, b / 100 % 100) * cardinality(services) / 100] AS service_id,
       workers[1 + a / 7 % cardinality(workers)] AS worker_id,
       CASE WHEN b / 10000 % 100 < 6 THEN workers[1 + (a / 7 + 1) % cardinality(workers)] END AS second_id,
       b / 1000 % 20 AS lot,
       asked AND (b / 1000 % 20 < 9 OR b / 1000 % 20 IN (16, 17, 18)) AS asked,
       CASE WHEN NOT asked OR b / 1000 % 20 BETWEEN 9 AND 15 OR b / 1000 % 20 = 19 THEN 'unasked'
            WHEN b / 1000 % 20 = 17 THEN 'suppressed' WHEN b / 1000 % 20 = 18 THEN 'refused' ELSE 'sent' END AS stage,
       CASE WHEN asked AND b / 1000 % 20 = 17 THEN 'capped' WHEN asked AND b / 1000 % 20 = 18 THEN 'refused'
            ELSE '' END AS reason,
       CASE WHEN asked AND b / 1000 % 20 < 9 THEN 'mail' WHEN b / 1000 % 20 < 15 THEN 'portal' ELSE 'staff' END AS channel,
       CASE WHEN b / 31 % 1000 < 550 THEN 5 WHEN b / 31 % 1000 < 820 THEN 4 WHEN b / 31 % 1000 < 910 THEN 3
            WHEN b / 31 % 1000 < 960 THEN 2 WHEN b / 31 % 1000 < 985 THEN 1 ELSE 0 END AS stars
FROM placed ORDER BY n;

INSERT INTO visit (id, client_id, service_id, sector_id, starts_at, ends_at, local_start, zone, state, ended_at,
                   closed_at, created_at, version)
SELECT id, client_id, service_id, sector_id, starts_at, ended_at, local_start, 'Europe/Paris', 'done', ended_at,
       ended_at, starts_at - interval '14 days', 2 FROM plan;

INSERT INTO visit_worker (visit_id, worker_id, starts_at, position)
SELECT id, worker_id, starts_at, 0 FROM plan
UNION ALL SELECT id, second_id, starts_at, 1 FROM plan WHERE second_id <> worker_id;

INSERT INTO rating_subject (id, visit_id, client_id, service_id, sector_id, manager_id, ended_at, asked, day, asked_day,
                            stage, stage_reason)
SELECT id, id, client_id, service_id, sector_id, manager_id, ended_at, asked,
       CAST(local_start AS date), CAST(local_start AS date) + CAST(asked AS int),
       stage, reason
FROM plan;

INSERT INTO rated_worker (subject_id, worker_id)
SELECT id, worker_id FROM plan UNION ALL SELECT id, second_id FROM plan WHERE second_id <> worker_id;

INSERT INTO message (id, public_id, kind, dedupe_key, subject_type, subject_id, address, recipient, language, channel,
                     state, reason, created_at, due_at, next_at, not_after, attempts, ambiguous, urgent, resends,
                     sent_at, put_aside_at, last_answer)
SELECT id, md5(id::text), 'ratings.request', 'rating:' || id || chr(58) || '1', 'rating_subject', id,
       'client' || client_id || '@example.org', name, 'fr', 'mail',
       CASE lot WHEN 17 THEN 'suppressed' WHEN 18 THEN 'failed' ELSE 'sent' END,
       CASE lot WHEN 17 THEN 'capped' WHEN 18 THEN 'refused' END, ended_at, ended_at, ended_at,
       ended_at + interval '7 days', 1, 0, false, 0, CASE WHEN lot NOT IN (17, 18) THEN ended_at END,
       CASE WHEN lot = 17 THEN ended_at END, '250 ok'
FROM plan WHERE asked;

INSERT INTO rating_request (id, subject_id, round, message_id, asked_at, expires_at, answered_at, again)
SELECT id, id, 1, id, CASE WHEN lot <> 17 THEN ended_at END, CASE WHEN lot <> 17 THEN ended_at + interval '14 days' END,
       CASE WHEN lot < 9 THEN ended_at + interval '1 hour' END, false
FROM plan WHERE asked;

INSERT INTO rating (id, subject_id, day, stars, comment, channel, author_role, author_name, left_at, version, looked_at,
                    looked_by, typed_by, given_how, given_at, excluded_at, excluded_by, exclude_reason, call_back)
SELECT id, id, CAST(local_start AS date), stars, CASE WHEN b / 71 % 100 < 35 THEN 'Merci, à la semaine prochaine. (' || id || ')' END,
       channel, 'client', name,
       least(ended_at + a / 100 % 5760 * interval '1 minute', now()), 1,
       CASE WHEN stars < 3 AND ended_at < now() - interval '14 days' THEN ended_at + interval '1 day' END,
       CASE WHEN stars < 3 AND ended_at < now() - interval '14 days' THEN 'Inès Caron' END,
       CASE WHEN lot = 15 THEN 'Inès Caron' END, CASE WHEN lot = 15 THEN 'telephone' END,
       CASE WHEN lot = 15 THEN ended_at END,
       CASE WHEN b / 131 % 200 = 0 THEN ended_at + interval '2 days' END,
       CASE WHEN b / 131 % 200 = 0 THEN 'Inès Caron' END, CASE WHEN b / 131 % 200 = 0 THEN 'Autre personne' END, false
FROM plan WHERE lot < 16;

-- with those of the story, which has ratings of its own on the last days
CREATE TEMPORARY TABLE rating_day ON COMMIT DROP AS SELECT * FROM rating_tally WHERE span = 'day';

INSERT INTO rating_day (span, worker_id, day, service_id, sector_id, channel, n0, n1, n2, n3, n4, n5, comments)
SELECT 'day', w, CAST(local_start AS date), service_id, sector_id,
       channel,
       count(*) FILTER (WHERE stars = 0), count(*) FILTER (WHERE stars = 1), count(*) FILTER (WHERE stars = 2), count(*) FILTER (WHERE stars = 3), count(*) FILTER (WHERE stars = 4), count(*) FILTER (WHERE stars = 5),
       count(*) FILTER (WHERE b / 71 % 100 < 35)
FROM plan, LATERAL unnest(ARRAY[0, worker_id, nullif(second_id, worker_id)]) w
WHERE lot < 16 AND b / 131 % 200 <> 0 AND w IS NOT NULL GROUP BY 2, 3, 4, 5, 6;

TRUNCATE rating_tally;

INSERT INTO rating_tally (span, worker_id, day, service_id, sector_id, channel, n0, n1, n2, n3, n4, n5, comments)
SELECT 'day', worker_id, CAST(date_trunc('day', day) AS date), service_id, sector_id, channel,
       sum(n0), sum(n1), sum(n2), sum(n3), sum(n4), sum(n5), sum(comments)
FROM rating_day GROUP BY 2, 3, 4, 5, 6 ORDER BY 3, 5, 2;

INSERT INTO rating_tally (span, worker_id, day, service_id, sector_id, channel, n0, n1, n2, n3, n4, n5, comments)
SELECT 'month', worker_id, CAST(date_trunc('month', day) AS date), service_id, sector_id, channel,
       sum(n0), sum(n1), sum(n2), sum(n3), sum(n4), sum(n5), sum(comments)
FROM rating_day GROUP BY 2, 3, 4, 5, 6 ORDER BY 3, 5, 2;

CREATE TEMPORARY TABLE request_day ON COMMIT DROP AS SELECT * FROM request_tally WHERE span = 'day';

INSERT INTO request_day (span, worker_id, day, asked_day, service_id, sector_id, stage, reason, n, answered, commented)
SELECT 'day', w, CAST(local_start AS date),
       CAST(local_start AS date) + CAST(asked AS int), service_id, sector_id,
       stage, reason,
       count(*), count(*) FILTER (WHERE lot < 15), count(*) FILTER (WHERE lot < 15 AND b / 71 % 100 < 35)
FROM plan, LATERAL unnest(ARRAY[0, worker_id, nullif(second_id, worker_id)]) w
WHERE w IS NOT NULL GROUP BY 2, 3, 4, 5, 6, 7, 8;

TRUNCATE request_tally;

INSERT INTO request_tally (span, worker_id, day, asked_day, service_id, sector_id, stage, reason, n, answered, commented)
SELECT 'day', worker_id, CAST(date_trunc('day', day) AS date), CAST(date_trunc('day', asked_day) AS date),
       service_id, sector_id, stage, reason, sum(n), sum(answered), sum(commented)
FROM request_day GROUP BY 2, 3, 4, 5, 6, 7, 8 ORDER BY 3, 6, 2;

INSERT INTO request_tally (span, worker_id, day, asked_day, service_id, sector_id, stage, reason, n, answered, commented)
SELECT 'month', worker_id, CAST(date_trunc('month', day) AS date), CAST(date_trunc('month', asked_day) AS date),
       service_id, sector_id, stage, reason, sum(n), sum(answered), sum(commented)
FROM request_day GROUP BY 2, 3, 4, 5, 6, 7, 8 ORDER BY 3, 6, 2;
