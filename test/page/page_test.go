package page

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/pkg/lease"
)

// tiles is an expression for how many tiles the column of a replica has; -1 without one.
func tiles(replica string) string {
	return fmt.Sprintf(`([...document.querySelectorAll(".column")].filter(c => c.querySelector("h3").textContent === %q).map(c => c.querySelectorAll(".tile").length)[0] ?? -1)`, replica)
}

// even waits until the replicas share the five kinds.
func (b *tab) even(what string, counts map[string]int) {
	b.t.Helper()
	parts := []string{fmt.Sprintf(`document.querySelectorAll(".column").length === %d`, len(counts)), `document.querySelectorAll(".board .tile").length === 5`}
	for replica, n := range counts {
		if n < 0 {
			parts = append(parts, fmt.Sprintf("[%d, %d].includes(%s)", -n, -n+1, tiles(replica)))
			continue
		}
		parts = append(parts, fmt.Sprintf("%s === %d", tiles(replica), n))
	}
	b.wait(what, strings.Join(parts, " && "))
}

// TestBrowser: the page shows three replicas with five kinds; a replica stops, and its
// tiles move to the others without the page being loaded anew; a kind that nobody has is
// loud. It asks for nothing outside, and its own policy lets all of it run.
func TestBrowser(t *testing.T) {
	namespace := newNamespace(t)
	first := start(t, namespace, "op-0")
	start(t, namespace, "op-1")
	third := start(t, namespace, "op-2")
	b := open(t, first.address(), true)
	b.even("three replicas", map[string]int{"op-0": -1, "op-1": -1, "op-2": -1}) // one or two each
	b.wait("that it is live", `document.getElementById("link").textContent === "live"`)
	b.do("a mark", chromedp.Evaluate(`window.mark = "here"`, nil))

	third.stop()
	b.even("the tiles to have moved", map[string]int{"op-0": -2, "op-1": -2}) // two or three each
	b.wait("the handovers", `document.querySelectorAll(".log li:not(.none)").length > 0 && /op-2/.test(document.querySelector(".log").textContent)`)
	if got := b.text(`String(window.mark)`); got != "here" {
		t.Error("the page was loaded anew")
	}
	b.wait("a screen reader to be told", `document.getElementById("said").textContent !== ""`)
	b.wait("the timeline", `document.querySelectorAll(".timeline tr").length === 5 && document.querySelectorAll(".timeline rect").length > 5`)

	colours := map[string]string{}
	for _, scheme := range []string{"light", "dark"} {
		b.scheme(scheme)
		colours[scheme] = b.text(`getComputedStyle(document.body).backgroundColor`)
		for _, part := range []string{"body", ".verdict span", ".tile b", ".tile .since", ".kinds td", ".log time"} {
			if ratio := b.contrast(part); ratio < 4.5 {
				t.Errorf("%s: %s has a contrast of %.1f, want 4.5 at least", scheme, part, ratio)
			}
		}
		b.picture("page-" + scheme)
	}
	if colours["light"] == colours["dark"] {
		t.Errorf("both schemes have the ground %s", colours["light"])
	}

	b.do("a phone", chromedp.EmulateViewport(390, 844))
	// The browser may lay the page out once more, after the new size.
	b.wait("a page as wide as the phone", `document.documentElement.scrollWidth === 390`)
	b.picture("page-phone")
	b.do("a desk", chromedp.EmulateViewport(1280, 860))

	ghost(t, namespace)
	b.wait("a kind that nobody has", `/Ghost/.test(document.querySelector(".loud")?.textContent) && document.querySelector(".verdict").textContent.includes("1 kind without an owner")`)
	b.picture("page-loud")
	first.stop()
	b.wait("that the replica is gone", `/lost/.test(document.getElementById("link").textContent)`)
	b.mu.Lock()
	b.wrong = nil // that the connection was lost is one, and is meant
	b.mu.Unlock()
}

// TestWithoutJavaScript: the page is complete without, and loads itself anew.
func TestWithoutJavaScript(t *testing.T) {
	namespace := newNamespace(t)
	first := start(t, namespace, "op-0")
	second := start(t, namespace, "op-1")
	address := first.address()
	b := open(t, address, false)
	rows := func(owner string) string {
		return fmt.Sprintf(`[...document.querySelectorAll(".kinds tbody tr")].filter(r => r.textContent.includes(%q)).length`, owner)
	}
	// Nothing but the page's own refreshing brings this about.
	b.wait("five kinds in the table", rows("op-0")+" + "+rows("op-1")+" === 5 && "+rows("op-1")+" > 0")
	b.wait("that no script has run", `document.getElementById("link").textContent === ""`)
	second.stop()
	b.wait("the table to follow", rows("op-0")+" === 5")
	b.wait("the drawing to follow", `document.querySelectorAll(".board .tile").length === 5 && document.querySelectorAll(".timeline rect").length >= 5`)
	for _, want := range []string{"caption", `thead th[scope="col"]`, `tbody th[scope="row"]`} {
		b.wait("the table to be one", fmt.Sprintf(`document.querySelector(".kinds").querySelector(%q) !== null`, want))
	}
}

// contrast is the WCAG contrast of an element's text with what is behind it.
func (b *tab) contrast(selector string) (ratio float64) {
	b.t.Helper()
	b.do("contrast of "+selector, chromedp.Evaluate(fmt.Sprintf(`(() => {
		const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
		const rgb = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
		const light = (c) => { const l = c.slice(0, 3).map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * l[0] + .7152 * l[1] + .0722 * l[2]; };
		const element = document.querySelector(%q);
		let behind = element;
		while (rgb(getComputedStyle(behind).backgroundColor)[3] < 255) behind = behind.parentElement;
		const [a, z] = [light(rgb(getComputedStyle(element).color)), light(rgb(getComputedStyle(behind).backgroundColor))].sort((x, y) => y - x);
		return (a + .05) / (z + .05);
	})()`, selector), &ratio))
	return ratio
}

// ghost makes the Lease of a kind that no replica serves.
func ghost(t *testing.T, namespace string) {
	t.Helper()
	shard := lease.ShardOf(schema.GroupKind{Group: "sample.kindred.dev", Kind: "Ghost"})
	name, err := shard.Name("widget-operator")
	if err != nil {
		t.Fatal(err)
	}
	l := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: shard.Labels("widget-operator")}}
	if _, err := plane.client.CoordinationV1().Leases(namespace).Create(t.Context(), l, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}
