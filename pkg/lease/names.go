package lease

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// coreGroup stands for the empty API group in a Lease's name. It does not collide
// with a real group: Kubernetes has none of this name, and a group of custom
// resources has a dot in it.
const coreGroup = "core"

// Name returns the name of the shard's ownership Lease:
// <component>.<kind>.<group> in lower case, for example
// widget-operator.database.sample.kindred.dev. A bucket's has one part more, as in
// widget-operator.database.sample.kindred.dev.01-of-04.
//
// An ownership Lease always has at least two dots in its name and a member
// Lease exactly one, so the two never collide.
//
// The error says what is wrong with the component or the kind and what to do.
func (s Shard) Name(component string) (string, error) {
	if err := ValidateComponent(component); err != nil {
		return "", err
	}
	if s.Kind.Kind == "" {
		return "", fmt.Errorf("kind %q has no Kind: register it as schema.GroupKind{Group: ..., Kind: ...}", s.Kind.Group)
	}
	// It is also the value of a label, and a dot in it would make two kinds of one
	// name. ToLower takes letters outside of ASCII to some inside.
	if strings.Contains(s.Kind.Kind, ".") || len(validation.IsValidLabelValue(s.Kind.Kind)) > 0 {
		return "", fmt.Errorf("kind %q of group %q: a Kind has at most %d letters, digits and dashes, as in Database",
			s.Kind.Kind, s.Kind.Group, validation.LabelValueMaxLength)
	}
	if err := s.validateBucket(); err != nil {
		return "", err
	}
	group := s.Kind.Group
	if group == "" {
		group = coreGroup
	}
	if _, _, like := parsePart(group[strings.LastIndexByte(group, '.')+1:]); like {
		return "", fmt.Errorf("kind %s: the last part of its group reads like a bucket (1-of-4), so its Lease could be that of another kind's bucket: it cannot be elected", s)
	}
	name := component + "." + strings.ToLower(s.Kind.Kind) + "." + group
	name += s.Suffix()
	if len(name) > validation.DNS1123SubdomainMaxLength {
		return "", fmt.Errorf("kind %s: its Lease would be named %q, which has %d characters and Kubernetes allows %d: shorten the component name",
			s, name, len(name), validation.DNS1123SubdomainMaxLength)
	}
	if problems := validation.IsDNS1123Subdomain(name); len(problems) > 0 {
		return "", fmt.Errorf("kind %s: its Lease would be named %q, which is not a valid name: %s", s, name, strings.Join(problems, "; "))
	}
	return name, nil
}

// ValidateName says whether name can be the name that is given to an ownership Lease
// of the component, in the place of the one that Shard.Name makes.
func ValidateName(component, name string) error {
	if problems := validation.IsDNS1123Subdomain(name); len(problems) > 0 {
		return fmt.Errorf("lease name %q is not a valid name: %s", name, strings.Join(problems, "; "))
	}
	if rest, ours := strings.CutPrefix(name, component+"."); ours && !strings.Contains(rest, ".") {
		return fmt.Errorf("lease name %q could be that of a replica's own Lease, which is %s.<replica>: give it one more dot, or another beginning", name, component)
	}
	return nil
}

// ValidateComponent says whether component can be the first part of Lease names
// and the value of their component label: a DNS label of at most 63 characters
// (RFC 1123), without dots.
func ValidateComponent(component string) error {
	if component == "" {
		return fmt.Errorf("component is empty: give the name that all replicas of this controller share, such as the Deployment's")
	}
	if problems := validation.IsDNS1123Label(component); len(problems) > 0 {
		return fmt.Errorf("component %q: %s", component, strings.Join(problems, "; "))
	}
	return nil
}

// MemberName returns the name of a replica's member Lease:
// <component>.<identity>, with what a name cannot hold replaced by dashes. An
// identity that does not fit, or that had to be changed, keeps a readable
// beginning and gets a hash of the whole, so that two identities never share a
// Lease.
func MemberName(component, identity string) string {
	const hashLength = 10
	plain := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-':
			return r
		case r >= 'A' && r <= 'Z':
			return r + ('a' - 'A')
		}
		return '-'
	}, identity)
	readable := strings.Trim(plain, "-")
	// An identity made by Kindred is <pod name>_<suffix without dashes>: turned
	// into <pod name>-<suffix> it can be read back, so it needs no hash, unless the
	// suffix could be another identity's hash.
	before, suffix, found := strings.Cut(identity, "_")
	exact := found && suffix != "" && len(suffix) != hashLength && !strings.Contains(suffix, "-") && before+"-"+suffix == readable
	room := validation.DNS1123SubdomainMaxLength - len(component) - 1
	if exact && len(readable) <= min(room, validation.DNS1123LabelMaxLength) {
		return component + "." + readable
	}
	sum := sha256.Sum256([]byte(identity))
	hash := hex.EncodeToString(sum[:])[:hashLength]
	keep := min(room, validation.DNS1123LabelMaxLength) - hashLength - 1
	readable = strings.Trim(readable[:min(len(readable), keep)], "-")
	if readable == "" {
		return component + "." + hash
	}
	return component + "." + readable + "-" + hash
}

// PodName returns the part of a holder identity before the first underscore:
// the Pod's name in every identity that Kindred or client-go's users make.
func PodName(identity string) string {
	name, _, _ := strings.Cut(identity, "_")
	return name
}
