package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kindred-k8s/kindred/pkg/inspect"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

// checkNames tells of what has one name and should have two, and the other way round.
func checkNames(s *state) []Finding {
	return append(append(sharedKinds(s), sharedComponents(s)...), sharedObjects(s)...)
}

// sharedKinds: Lease names are in lower case, so two kinds can have one.
func sharedKinds(s *state) []Finding {
	var found []Finding
	for _, c := range s.components() {
		by := map[string][]string{}
		for _, r := range s.replicas(c) {
			for _, kind := range r.Serves {
				if name, err := lease.ParseShard(kind).Name(c.name); err == nil && !slices.Contains(by[name], kind) {
					by[name] = append(by[name], kind)
				}
			}
		}
		for _, name := range slices.Sorted(maps.Keys(by)) {
			if kinds := by[name]; len(kinds) > 1 {
				slices.Sort(kinds)
				found = append(found, Finding{
					Severity: Error, Where: leaseWhere(c.namespace, name),
					What: fmt.Sprintf("%s have one Lease, so only one of them is reconciled", strings.Join(kinds, " and ")),
					Fix:  "rename one, or run it in a component of its own",
				})
			}
		}
	}
	return found
}

// sharedComponents: two controllers with one component name take each other for
// replicas.
func sharedComponents(s *state) []Finding {
	var found []Finding
	for _, c := range s.components() {
		controllers := map[string]bool{}
		for _, r := range s.replicas(c) {
			if pod := s.pods[types.NamespacedName{Namespace: r.Namespace, Name: r.Name}]; pod != nil {
				controllers[controllerOf(pod)] = true
			}
		}
		delete(controllers, "")
		if len(controllers) > 1 {
			found = append(found, Finding{
				Severity: Error, Where: c.String(),
				What: fmt.Sprintf("its replicas belong to %s: kinds of one are given to Pods of another, if they serve a kind of that name", strings.Join(slices.Sorted(maps.Keys(controllers)), " and ")),
				Fix:  "give each controller a component name of its own (coordinator.Options.Component)",
			})
			continue
		}
		if f, apart := servingApart(c, s.replicas(c)); apart {
			found = append(found, f)
		}
	}
	return found
}

// controllerOf names what made the Pod; of a Deployment's ReplicaSet, the Deployment.
func controllerOf(pod *corev1.Pod) string {
	for _, owner := range pod.OwnerReferences {
		if owner.Controller == nil || !*owner.Controller {
			continue
		}
		if hash := pod.Labels["pod-template-hash"]; owner.Kind == "ReplicaSet" && hash != "" {
			if name, of := strings.CutSuffix(owner.Name, "-"+hash); of {
				return "Deployment " + name
			}
		}
		return owner.Kind + " " + owner.Name
	}
	return ""
}

// servingApart: ready replicas that have no kind in common are hardly one controller's.
func servingApart(c component, replicas []inspect.Replica) (Finding, bool) {
	for i, a := range replicas {
		for _, b := range replicas[i+1:] {
			if a.Phase != lease.Ready || b.Phase != lease.Ready || len(a.Serves) == 0 || len(b.Serves) == 0 {
				continue
			}
			if !slices.ContainsFunc(a.Serves, b.Serving) {
				return Finding{
					Severity: Warning, Where: c.String(),
					What: fmt.Sprintf("%s and %s have no kind in common: they look like two controllers with one component name", a.Name, b.Name),
					Fix:  "give each controller a component name of its own (coordinator.Options.Component)",
				}, true
			}
		}
	}
	return Finding{}, false
}

// sharedObjects: two components that have one kind reconcile the same objects, unless
// they are told to watch different namespaces.
func sharedObjects(s *state) []Finding {
	by := map[string][]string{}
	for _, k := range s.after.Kinds {
		if c := (component{k.Namespace, k.Component}).String(); k.Holder != "" && !slices.Contains(by[k.Name()], c) {
			by[k.Name()] = append(by[k.Name()], c)
		}
	}
	var found []Finding
	for _, kind := range slices.Sorted(maps.Keys(by)) {
		if owners := by[kind]; len(owners) > 1 {
			found = append(found, Finding{
				Severity: Warning, Where: kind,
				What: "it is owned in " + strings.Join(owners, " and in ") + ": they have different Leases, so both reconcile it. That is right only if they watch different objects",
				Fix:  "take one away, or let each watch namespaces of its own",
			})
		}
	}
	return found
}
