package elect

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata")

// TestTraces runs the traces in testdata. A line that begins with "> " is an
// event, "> TIME EVENT ARGUMENTS", and the lines after it are what the core
// answers: actions, then the shards' phases when they changed. They read as a
// specification; run with -update to write them anew, and read the difference.
func TestTraces(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no traces: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := runTrace(t, string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(text), got); diff != "" {
				t.Errorf("trace differs (-want +got):\n%s", diff)
			}
		})
	}
}

// runTrace returns the trace with the answers that the core really gives.
func runTrace(t *testing.T, text string) string {
	tr := &trace{t: t, start: time.Unix(1000, 0)}
	var out strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "#"), line == "":
			out.WriteString(line + "\n")
		case strings.HasPrefix(line, "> "):
			out.WriteString(line + "\n")
			for _, answer := range tr.step(strings.Fields(line[2:])) {
				out.WriteString("  " + answer + "\n")
			}
		}
	}
	return out.String()
}

type trace struct {
	t        *testing.T
	start    time.Time
	core     *Core
	watchdog *watchdog
	phases   string
}

func (tr *trace) step(words []string) []string {
	if words[0] == "core" {
		return tr.newCore(parseArgs(words[1:]))
	}
	after, err := time.ParseDuration(words[0])
	if err != nil {
		tr.t.Fatalf("%v: %v", words, err)
	}
	now := tr.start.Add(after)
	event := tr.event(now, words[1:])
	actions := tr.core.Step(now, event)
	if err := tr.watchdog.saw(event, actions); err != nil {
		tr.t.Errorf("%s: %v", strings.Join(words, " "), err)
	}
	if next := tr.core.Next(); !next.IsZero() && !next.After(now) {
		tr.t.Errorf("%s: asks for a Tick %v ago", strings.Join(words, " "), now.Sub(next))
	}
	var out []string
	for _, a := range actions {
		out = append(out, describe(a))
	}
	if phases := tr.core.phases(); phases != tr.phases {
		tr.phases = phases
		out = append(out, phases)
	}
	return out
}

// newCore: core self=a kinds=Database,Queue
func (tr *trace) newCore(args map[string]string) []string {
	config := Config{
		Identity: args["self"], Instance: "instance", Component: "op",
		Timing:         lease.Timing{}.WithDefaults(),
		RebalanceDelay: 3 * time.Second, DrainTimeout: 20 * time.Second,
		Revision: args["revision"], PodUID: args["pod"],
	}
	if started, err := strconv.Atoi(args["started"]); err == nil {
		config.Started = time.Unix(int64(started), 0)
	}
	for kind := range strings.SplitSeq(args["kinds"], ",") {
		config.Shards = append(config.Shards, ShardConfig{Shard: shardNamed(kind), Weight: 1})
	}
	tr.core, tr.watchdog = New(config), newWatchdog()
	tr.phases = tr.core.phases()
	return nil
}

func (tr *trace) event(now time.Time, words []string) Event {
	verb, shard, args := words[0], lease.Shard{}, parseArgs(words[1:])
	if len(words) > 1 && !strings.Contains(words[1], "=") {
		shard = shardNamed(words[1])
	}
	name, _ := shard.Name("op")
	transitions, _ := strconv.Atoi(args["transitions"])
	uid := cmpOr(args["uid"], "u1")
	version := args["version"]
	sent := now
	if args["sent"] != "" {
		d, err := time.ParseDuration(args["sent"])
		if err != nil {
			tr.t.Fatal(err)
		}
		sent = tr.start.Add(d)
	}
	duration, err := time.ParseDuration(cmpOr(args["duration"], "15s"))
	if err != nil {
		tr.t.Fatal(err)
	}
	record := lease.Record{UID: uid, Version: version, Holder: args["holder"], Duration: duration, Transitions: transitions, MoveTo: args["move-to"], Paused: args["paused"] == "yes"}
	switch verb {
	case "synced":
		return Watched{lease.Event{Kind: lease.Synced}}
	case "lease":
		return Watched{lease.Event{Kind: lease.OwnerSeen, Name: name, Version: version, Record: record}}
	case "gone":
		return Watched{lease.Event{Kind: lease.Gone, Name: name, Version: version}}
	case "member":
		number := func(key string) int { n, _ := strconv.Atoi(args[key]); return n }
		m := lease.Member{
			Identity: words[1], Phase: lease.Phase(cmpOr(args["phase"], "ready")), Capacity: 1,
			Revision: args["revision"], PodUID: args["pod"], Started: int64(number("started")), Crashes: number("crashes"),
		}
		for kind := range strings.SplitSeq(args["serves"], ",") {
			m.Serves = append(m.Serves, lease.Served{Shard: shardNamed(kind).String(), Weight: 1})
		}
		return Watched{lease.Event{Kind: lease.MemberSeen, Name: "op." + words[1], Version: version,
			Member: lease.MemberObservation{Member: m, Lease: "op." + words[1], UID: words[1], Version: version, Duration: duration, Created: time.Unix(int64(number("created")), 0)}}}
	case "member-gone":
		return Watched{lease.Event{Kind: lease.Gone, Name: "op." + words[1], Version: version}}
	case "pod":
		p := lease.Pod{UID: words[1], Final: args["final"] == "yes"}
		ended, _ := strconv.Atoi(args["ended"])
		if p.Containers = []lease.Container{{Name: "main", Running: ended == 0}}; ended > 0 {
			p.Containers[0].Finished = time.Unix(int64(ended), 0)
		}
		return PodSeen{p}
	case "serves":
		return Serves{Shard: shard, OK: args["ok"] != "no"}
	case "published":
		return Published{Phase: lease.Phase(cmpOr(args["phase"], "ready")), OK: args["ok"] != "no"}
	case "acquired":
		return Acquired{Term: lease.Term{Shard: shard, Lease: name, Holder: tr.core.config.Identity, UID: uid, Transitions: transitions}, Version: version, SentAt: sent, Split: args["split"] == "yes"}
	case "checked":
		return tr.checked(shard, words[2:])
	case "renewed":
		return Renewed{Shard: shard, Version: version, SentAt: sent}
	case "lock-lost":
		return LockLost{Shard: shard, Reason: HolderChanged}
	case "elector-ended":
		return ElectorEnded{Shard: shard, Unanswered: args["unanswered"] == "yes"}
	case "returned":
		return Returned{Shard: shard}
	case "released":
		if args["ok"] == "no" {
			return Released{Shard: shard}
		}
		record.Holder = ""
		return Released{Shard: shard, OK: true, Now: &record}
	case "tick":
		return Tick{}
	case "shutdown":
		return Shutdown{Now: args["now"] == "yes"}
	}
	tr.t.Fatalf("unknown event %v", words)
	return nil
}

// checked: checked Database/0-of-2 Database=b_1@17 Database/0-of-2=a_1@18 gives who
// holds each Lease at which version.
func (tr *trace) checked(shard lease.Shard, words []string) Event {
	e := Checked{Shard: shard, OK: true, Leases: map[string]lease.Record{}}
	if s := tr.core.byShard[shard]; s != nil {
		e.Term, e.Number = s.term, s.checks
	}
	for short, text := range parseArgs(words) {
		if short == "ok" {
			e.OK = text != "no"
			continue
		}
		name, _ := shardNamed(short).Name("op")
		holder, version, _ := strings.Cut(text, "@")
		r := lease.Record{UID: "u-" + name, Version: version, Holder: holder, Duration: 15 * time.Second}
		if name == e.Term.Lease {
			r.UID, r.Transitions = e.Term.UID, e.Term.Transitions
		}
		e.Leases[name] = r
	}
	return e
}

func parseArgs(words []string) map[string]string {
	args := map[string]string{}
	for _, w := range words {
		if key, value, ok := strings.Cut(w, "="); ok {
			args[key] = value
		}
	}
	return args
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// shardNamed reads Database, or Database/1-of-2: all kinds are of one group.
func shardNamed(short string) lease.Shard {
	kind, part, split := strings.Cut(short, "/")
	if split {
		part = "/" + part
	}
	return lease.ParseShard(kind + ".example.com" + part)
}

// shortName is the inverse of shardNamed.
func shortName(s lease.Shard) string {
	return strings.Replace(s.String(), ".example.com", "", 1)
}

// describe writes an action as a line of a trace.
func describe(a Action) string {
	kind := shortName
	switch a := a.(type) {
	case StartCampaign:
		grounds := "absent"
		if a.Seen != nil {
			grounds = "vacant at " + a.Seen.Version
		}
		if a.Expired {
			grounds = "expired at " + a.Seen.Version + " of " + a.Seen.Holder
		}
		return fmt.Sprintf("StartCampaign %s: %s (%s)", kind(a.Shard), a.Reason, grounds)
	case StopElector:
		return "StopElector " + kind(a.Shard)
	case StartReconciler:
		return fmt.Sprintf("StartReconciler %s term %s", kind(a.Term.Shard), a.Term.Token())
	case Fence:
		return fmt.Sprintf("Fence %s from %v: %s", kind(a.Term.Shard), a.Until.Sub(time.Unix(1000, 0)), a.Reason)
	case StopReconciler:
		to := ""
		if a.To != "" {
			to = " to " + a.To
		}
		return fmt.Sprintf("StopReconciler %s: %s%s", kind(a.Term.Shard), a.Reason, to)
	case Release:
		return fmt.Sprintf("Release %s term %s: %s", kind(a.Term.Shard), a.Term.Token(), a.Reason)
	case Publish:
		var serves []string
		for _, s := range a.Member.Serves {
			serves = append(serves, shortName(lease.ParseShard(s.Shard)))
		}
		return fmt.Sprintf("Publish %s serves [%s]", a.Member.Phase, strings.Join(serves, " "))
	case Check:
		return fmt.Sprintf("Check %s term %s", kind(a.Term.Shard), a.Term.Token())
	case Evict:
		return fmt.Sprintf("Evict %s at %s", a.Lease, a.Version)
	case Collect:
		return fmt.Sprintf("Collect %s at %s", a.Lease, a.Version)
	case Stuck:
		return fmt.Sprintf("Stuck %s: %s", kind(a.Term.Shard), a.Reason)
	case Finish:
		return fmt.Sprintf("Finish, abandoned %d", len(a.Abandoned))
	}
	return fmt.Sprintf("%#v", a)
}

// phases writes the phases of all shards.
func (c *Core) phases() string {
	var all []string
	for _, s := range c.shards {
		all = append(all, shortName(s.id)+"="+s.phase.String())
	}
	return strings.Join(all, " ")
}
