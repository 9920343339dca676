/* lint.h - what cppcheck is told in place of jansson's header, whose loops it
 * cannot know */
#define json_array_foreach(a, i, v)                                            \
	for ((i) = 0; ((v) = json_array_get((a), (i))); (i)++)
#define json_object_foreach(o, k, v)                                           \
	for ((k) = json_first_key(o); ((v) = json_object_get((o), (k)));       \
	     (k) = json_next_key((o), (k)))
#define json_object_foreach_safe(o, n, k, v)                                   \
	for ((k) = json_first_key(o), (n) = json_iter(o);                      \
	     ((v) = json_object_get((o), (k))); (k) = json_next_key((o), (k)))
