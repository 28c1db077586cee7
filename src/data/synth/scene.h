// One picture in linear light: head, background and what covers the face, lit.
#pragma once

#include <vector>

#include "data/synth/head.h"
#include "data/synth/maths.h"
#include "data/synth/person.h"
#include "data/synth/shot.h"
#include "data/synth/view.h"

namespace facerec::synth {

// size × size colours, row by row. `view` is made for this size.
std::vector<Rgb> render_scene(const Person& person, const Shot& shot, const Head& head, const View& view, int size);

}  // namespace facerec::synth
