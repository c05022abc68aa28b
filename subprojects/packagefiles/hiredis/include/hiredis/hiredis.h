#include "../../hiredis.h"
