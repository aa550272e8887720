package fence_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindred-k8s/kindred/pkg/fence/policy"
)

// refused returns nil if a write was refused by the fence, with all of the words.
func refused(err error, words ...string) error {
	if err == nil {
		return errors.New("it was not refused")
	}
	if !policy.IsRefused(err) {
		return fmt.Errorf("it was not the fence that refused it: %w", err)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			return fmt.Errorf("no %q in: %w", word, err)
		}
	}
	return nil
}

func (w *world) mustWrite(what string, c *client) {
	w.t.Helper()
	if err := w.write(c, what); err != nil {
		w.t.Errorf("%s: %v", what, err)
	}
}

func (w *world) mustRefuse(what string, c *client, words ...string) {
	w.t.Helper()
	before := w.read().GetResourceVersion()
	if err := refused(w.write(c, what), words...); err != nil {
		w.t.Errorf("%s: %v", what, err)
	}
	if after := w.read().GetResourceVersion(); after != before {
		w.t.Errorf("%s: the object was changed", what)
	}
}

func TestOnlyTheHolderWritesStatus(t *testing.T) {
	w := newWorld(t, "Database")
	a, b := w.pod("robot", "robot-a"), w.pod("robot", "robot-b")
	unbound, other := w.account("robot"), w.otherPod()
	w.give("robot-a_1f2e3d4c")
	w.install()
	w.eventually("the policy is in force", func() error { return refused(w.write(b, "early")) })

	w.mustWrite("the holder", a)
	w.mustRefuse("another Pod", b, "ValidatingAdmissionPolicy 'kindred-status."+w.namespace+"."+w.lease+"'",
		"only the Pod that holds Lease "+w.namespace+"/"+w.lease, "the owner of Database.sample.kindred.dev, may write its status",
		"this is Pod robot-b and the holder is robot-a_1f2e3d4c", "let its identity begin with its Pod's name and _")
	if err := w.write(b, "x"); !apierrors.IsForbidden(err) {
		t.Errorf("not 403: %v", err)
	}
	w.mustRefuse("a token without a Pod", unbound, "this token does not say which Pod uses it: use the token that is mounted")
	w.mustWrite("a person", w.admin)
	w.mustWrite("another service account", other)
	if err := w.patch(b, map[string]any{"metadata": map[string]any{"labels": map[string]any{"a": "b"}}}); err != nil {
		t.Errorf("what is not fenced is refused: %v", err)
	}

	// The names of Pods can begin with each other.
	w.give("robot-ab_1f2e3d4c")
	w.eventually("a longer name", func() error { return refused(w.write(a, "x"), "the holder is robot-ab_1f2e3d4c") })

	w.give("robot-b_5a6b7c8d")
	w.eventually("after the handoff the new holder writes", func() error { return w.write(b, "b") })
	w.mustRefuse("after the handoff the old holder", a, "this is Pod robot-a and the holder is robot-b_5a6b7c8d")

	w.give("")
	w.eventually("a released Lease", func() error { return refused(w.write(b, "x"), "nobody holds the Lease") })
	w.mustWrite("a person, while nobody owns the kind", w.admin)
}

func (w *world) otherPod() *client {
	w.t.Helper()
	w.grant("other")
	return w.pod("other", "other-a")
}

// TestUIDInTheIdentity: a Pod may be made anew with the same name, while the process
// of the one before still runs on a node that is cut off.
func TestUIDInTheIdentity(t *testing.T) {
	w := newWorld(t, "Cache")
	a := w.pod("robot", "robot-0")
	w.give("robot-0_1f2e3d4c")
	w.install()
	const somebody = "00000000-1111-2222-3333-444444444444"
	for _, test := range []struct {
		holder string
		admit  bool
	}{
		{"robot-0_" + somebody + "_1f2e3d4c", false},
		{"robot-0_" + string(a.pod.UID) + "_1f2e3d4c", true},
		{"robot-1_" + string(a.pod.UID) + "_1f2e3d4c", false},
		{"robot-0_" + somebody, true}, // client-go's users write a random UID
		{"robot-1", false},
		{"robot-0", true},
		{"_robot-0", false},
		{"robot-0_x_y", true},
	} {
		w.give(test.holder)
		w.eventually(test.holder, func() error {
			err := w.write(a, "x")
			if test.admit {
				return err
			}
			return refused(err)
		})
	}
}

func TestMissingLease(t *testing.T) {
	w := newWorld(t, "Topic")
	a := w.pod("robot", "robot-a")
	w.give("robot-a_1f2e3d4c")
	w.install(func(o *policy.Options) { o.Areas = []policy.Area{policy.Status, policy.Finalizers} })
	w.give("robot-b_1f2e3d4c")
	w.eventually("the policies are in force", func() error {
		return errors.Join(refused(w.write(a, "x")), refused(w.setFinalizer(a, w.unused())))
	})

	if err := w.admin.CoordinationV1().Leases(w.namespace).Delete(t.Context(), w.lease, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	w.eventually("without a Lease nobody writes", func() error { return refused(w.write(a, "x"), "no params found") })
	// The API server looks for the Lease before it looks at who is asking.
	w.mustRefuse("without a Lease, a person", w.admin, "no params found")
	if err := w.setFinalizer(a, "y"); err != nil {
		t.Errorf("where a missing Lease is not to refuse, it does: %v", err)
	}

	w.give("robot-a_5a6b7c8d")
	w.eventually("with a new Lease its holder writes", func() error { return w.write(a, "a") })
	w.mustWrite("and so does a person", w.admin)
}

// unused is a name that is new each time: what changes nothing is not refused.
func (w *world) unused() string { return fmt.Sprint("f", time.Now().UnixNano()) }

// setFinalizer writes metadata.finalizers.
func (w *world) setFinalizer(c *client, name string) error {
	return w.patch(c, map[string]any{"metadata": map[string]any{"finalizers": []any{"example.com/" + name}}})
}
