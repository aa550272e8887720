package fence_test

import (
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kindred-k8s/kindred/pkg/fence/policy"
)

func TestAreasOnRequest(t *testing.T) {
	w := newWorld(t, "Bucket")
	a, b := w.pod("robot", "robot-a"), w.pod("robot", "robot-b")
	w.give("robot-a_1f2e3d4c")

	t.Run("finalizers", func(t *testing.T) {
		w := w.in(t)
		w.install(only(policy.Finalizers))
		w.eventually("refused", func() error { return refused(w.setFinalizer(b, w.unused()), "may change its finalizers") })
		check := func(what string, err error) {
			t.Helper()
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		check("the holder", w.setFinalizer(a, "a"))
		check("no change of a finalizer", w.setFinalizer(b, "a"))
		check("the spec is another area", w.setVersioning(b, true))
		check("the status is another area", w.write(b, "b"))
		checkRefused(t, "taking one away", w.noFinalizer(b))
		check("a person", w.setFinalizer(w.admin, "admin"))
		check("the holder takes it away", w.noFinalizer(a))
	})
	t.Run("spec", func(t *testing.T) {
		w := w.in(t)
		w.install(only(policy.Spec))
		w.eventually("update", func() error { return refused(w.setVersioning(b, false), "may create, change or delete its objects") })
		another := w.read()
		another.SetName("another")
		another.SetResourceVersion("")
		_, err := b.objects.Create(t.Context(), another, metav1.CreateOptions{})
		checkRefused(t, "create", err)
		checkRefused(t, "delete", b.objects.Delete(t.Context(), w.object, metav1.DeleteOptions{}))
		checkRefused(t, "delete all", b.objects.DeleteCollection(t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{}))
		checkRefused(t, "finalizers", w.setFinalizer(b, "b"))
		w.mustWrite("the status is another area", b)
		for _, c := range []*client{a, w.admin} {
			_, err := c.objects.Create(t.Context(), another, metav1.CreateOptions{})
			if err := errors.Join(err, w.setVersioning(c, true), c.objects.Delete(t.Context(), "another", metav1.DeleteOptions{})); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("children", func(t *testing.T) { checkChildren(w.in(t), a, b) })
}

func checkChildren(w *world, a, b *client) {
	t := w.t
	child := func(name, group string) *corev1.ConfigMap {
		return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, OwnerReferences: []metav1.OwnerReference{{
			APIVersion: group + "/v1", Kind: w.kind.Kind, Name: w.object, UID: w.read().GetUID(),
		}}}}
	}
	maps := func(c *client) configMaps { return configMaps{w, c} }
	w.install(only(policy.Children), func(o *policy.Options) {
		o.Children = []schema.GroupResource{{Resource: "configmaps"}}
	})
	w.eventually("create", func() error {
		return refused(maps(b).create(child("early", w.kind.Group)), "may write what belongs to its objects (configmaps)")
	})
	owned := child("owned", w.kind.Group)
	if err := maps(a).create(owned); err != nil {
		t.Fatal(err)
	}
	changed := owned.DeepCopy()
	changed.Data = map[string]string{"a": "b"}
	checkRefused(t, "update", maps(b).update(changed))
	orphan := owned.DeepCopy()
	orphan.OwnerReferences = nil
	checkRefused(t, "taking the owner reference away", maps(b).update(orphan))
	checkRefused(t, "delete", maps(b).remove("owned"))

	// Neither what has no owner is fenced, nor what a kind of the same name in another
	// group owns; until it is made a child.
	free := child("free", "other.example.com")
	if err := errors.Join(maps(b).create(free), maps(b).update(free)); err != nil {
		t.Error(err)
	}
	checkRefused(t, "making a child of it", maps(b).update(child("free", w.kind.Group)))
	if err := errors.Join(maps(b).remove("free"), maps(w.admin).update(changed), maps(a).update(changed), maps(a).remove("owned")); err != nil {
		t.Error(err)
	}
}

type configMaps struct {
	w *world
	c *client
}

func (m configMaps) create(o *corev1.ConfigMap) error {
	_, err := m.c.CoreV1().ConfigMaps(m.w.namespace).Create(m.w.t.Context(), o, metav1.CreateOptions{})
	return err
}

func (m configMaps) update(o *corev1.ConfigMap) error {
	_, err := m.c.CoreV1().ConfigMaps(m.w.namespace).Update(m.w.t.Context(), o, metav1.UpdateOptions{})
	return err
}

func (m configMaps) remove(name string) error {
	return m.c.CoreV1().ConfigMaps(m.w.namespace).Delete(m.w.t.Context(), name, metav1.DeleteOptions{})
}

func checkRefused(t *testing.T, what string, err error) {
	t.Helper()
	if err := refused(err); err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// only fences one area, whose writes pass while there is no Lease.
func only(area policy.Area) func(*policy.Options) {
	return func(o *policy.Options) { o.Areas, o.RefuseWithoutLease = []policy.Area{area}, nil }
}

// in is the world for a subtest.
func (w *world) in(t *testing.T) *world {
	sub := *w
	sub.t = t
	return &sub
}

// setVersioning writes a Bucket's spec.
func (w *world) setVersioning(c *client, on bool) error {
	return w.patch(c, map[string]any{"spec": map[string]any{"versioning": on}})
}

func (w *world) noFinalizer(c *client) error {
	return w.patch(c, map[string]any{"metadata": map[string]any{"finalizers": nil}})
}
