package page

import (
	"strings"
	"time"

	"github.com/kindred-k8s/kindred/pkg/inspect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// noticed is from how long on a time without an owner is one that people notice.
const noticed = time.Second

// handovers lists the changes of owner, newest first. A release that somebody followed
// is one line with it.
func (v *view) handovers(h *history, c *colours) {
	taken := map[key]bool{}
	for i := len(h.changes) - 1; i >= 0 && len(v.Log) < shownLog; i-- {
		change := h.changes[i]
		at := key{change.Namespace, change.Lease}
		followed := taken[at]
		taken[at] = change.To != "" && change.From != "" && !change.Expired
		if change.To == "" && followed && !change.Deleted {
			continue
		}
		l := logView{At: change.At.UTC().Format("15:04:05"), From: "nobody", To: "nobody", FromHue: -1, ToHue: -1}
		l.Kind, _ = called(change.Name())
		if change.From != "" {
			l.From, l.FromHue = v.short(change.From), c.get(change.From)
		}
		if change.To != "" {
			l.To, l.ToHue = v.short(change.To), c.get(change.To)
		}
		switch {
		case change.Deleted:
			l.Note, l.Slow = "the Lease was deleted", true
		case change.To == "":
			l.Note = "released"
		case change.Expired:
			l.Note, l.Slow = "taken over, "+lasted(change.Gap)+" after the last renewal", true
		case change.From != "":
			l.Note, l.Slow = lasted(change.Gap), change.Gap >= noticed
		}
		v.Log = append(v.Log, l)
	}
}

// short is what is left of a replica's name without what all of them begin with.
func (v *view) short(identity string) string {
	name := inspect.Printable(lease.PodName(identity))
	for _, f := range v.Fleets {
		if rest, is := strings.CutPrefix(name, f.Prefix); is && f.Prefix != "" {
			return rest
		}
	}
	return name
}

// prefix is what all names begin with, up to a dash, if it is long enough to be in the
// way.
func prefix(columns []columnView) string {
	if len(columns) < 2 {
		return ""
	}
	common := columns[0].Name
	for _, c := range columns[1:] {
		n := 0
		for n < len(common) && n < len(c.Name) && common[n] == c.Name[n] {
			n++
		}
		common = common[:n]
	}
	common = common[:strings.LastIndex(common, "-")+1]
	if len(common) < 8 {
		return ""
	}
	return common
}

// fleet returns the component's, which is the last one, or a new one.
func (v *view) fleet(component, namespace string) *fleetView {
	if n := len(v.Fleets); n == 0 || v.Fleets[n-1].Component != component || v.Fleets[n-1].Namespace != namespace {
		v.Fleets = append(v.Fleets, fleetView{Component: component, Namespace: namespace})
	}
	return &v.Fleets[len(v.Fleets)-1]
}
