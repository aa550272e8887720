package broken

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindred-k8s/kindred/cmd/sample-operator/sample"
)

// TestHistory: a watch and reading backwards give the same versions, and all of
// them.
func TestHistory(t *testing.T) {
	kind := kinds[0]
	namespace, err := plane.client.CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "history-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := sample.CreateSamples(t.Context(), plane.RESTConfig(), namespace.Name, perKind); err != nil {
		t.Fatal(err)
	}
	watched := follow(t, kind)
	readBack := &history{kind: kind, objects: watched.objects, at: watched.at, versions: map[string][]version{}}

	const writes = 30
	objects := plane.objects.Resource(sample.GVR(kind)).Namespace(namespace.Name)
	for i := range writes {
		o := object{ResourceInterface: objects, name: objectName(kind, i%perKind), writer: "w" + strconv.Itoa(i), token: "uid/" + strconv.Itoa(i)}
		if err := o.write(t.Context()); err != nil {
			t.Fatal(err)
		}
		if i == writes/2 { // what is known already is not told again
			if err := readBack.catchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := readBack.catchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	within(t, patience, "the watch to tell all", func(context.Context) error {
		if n := len(watched.of(namespace.Name)); n < writes {
			return fmt.Errorf("%d of %d", n, writes)
		}
		return nil
	})
	for name, h := range map[string]*history{"watched": watched, "read back": readBack} {
		all := h.of(namespace.Name)
		if len(all) != writes {
			t.Errorf("%s: %d versions, want %d", name, len(all), writes)
		}
		for i, v := range all {
			h.add(namespace.Name, v) // told again
			if v.writer != "w"+strconv.Itoa(i) || v.term != i || v.object != objectName(kind, i%perKind) || time.Since(v.sent) > patience {
				t.Errorf("%s: version %d is %+v", name, i, v)
			}
			if i > 0 && v.at <= all[i-1].at {
				t.Errorf("%s: version %d is at %d, after %d", name, i, v.at, all[i-1].at)
			}
		}
		if n := len(h.of(namespace.Name)); n != writes {
			t.Errorf("%s: what is told again makes it %d versions", name, n)
		}
	}
	if readBack.missed() != writes || watched.missed() != 0 {
		t.Errorf("read back: %d of %d; by the one that watched: %d", readBack.missed(), writes, watched.missed())
	}
}
